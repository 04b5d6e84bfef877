/** The text of a recording, divided at its timed words. */

import type { Word } from "./rows";

const UNSPACED = /[\u3040-\u30ff\u3400-\u9fff\u0e00-\u0e7f]/;
const REACH = 80;

const bare = (word: string): string => word.toLowerCase().replace(/^[^\p{L}\p{N}]+|[^\p{L}\p{N}]+$/gu, "");

/**
 * One part for each word: the word with the punctuation, spaces and line ends that follow it in the text. Where the text
 * does not have the words, for example because it has digits, the words themselves.
 */
export function spokenText(text: string, words: Word[]): string[] {
  const starts = startsIn(text.toLowerCase(), words);
  const gap = UNSPACED.test(text) ? "" : " ";
  if (!starts) return words.map((word) => word.text + gap);
  return starts.map((start, place) => text.slice(place === 0 ? 0 : start, starts[place + 1] ?? text.length));
}

function startsIn(text: string, words: Word[]): number[] | null {
  const starts: number[] = [];
  let from = 0;
  for (const { text: word } of words) {
    const start = text.indexOf(bare(word), from);
    if (!bare(word) || start < 0 || start > from + REACH) return null;
    starts.push(start);
    from = start + bare(word).length;
  }
  return starts;
}
