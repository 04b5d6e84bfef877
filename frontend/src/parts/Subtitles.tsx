import type { Word } from "../data/rows";
import { visible } from "../data/format";

const MOST_CHARACTERS = 84;
const PAUSE_S = 0.8;

interface Cue {
  start: number;
  end: number;
  text: string;
}

/** Cues of at most two lines that end at pauses and sentence ends. */
export function cuesOf(words: Word[]): Cue[] {
  const cues: Cue[] = [];
  for (const word of words) {
    const last = cues.at(-1);
    const isNew = !last || word.start - last.end > PAUSE_S || last.text.length + word.text.length + 1 > MOST_CHARACTERS || /[.!?…。]$/.test(last.text);
    if (isNew) cues.push({ start: word.start, end: word.end, text: word.text });
    else Object.assign(last, { end: word.end, text: `${last.text} ${word.text}` });
  }
  return cues;
}

export function Subtitles({ words, seek }: { words: Word[]; seek: (seconds: number) => void }) {
  return (
    <details class="subtitles">
      <summary>Subtitles</summary>
      <ol>
        {cuesOf(words).map((cue) => (
          <li><button class="link" onClick={() => seek(cue.start)}>{clock(cue.start)} – {clock(cue.end)}</button> <bdi>{visible(cue.text)}</bdi></li>
        ))}
      </ol>
    </details>
  );
}

function clock(seconds: number): string {
  const minutes = Math.floor(seconds / 60);
  return `${minutes}:${(seconds - 60 * minutes).toFixed(1).padStart(4, "0")}`;
}
