/** The word differences between a reference and a transcript. */

import { diffArrays } from "diff";

export interface DiffPart {
  kind: "same" | "missing" | "extra";
  text: string;
}

const MOST_WORDS = 6_000;

const bare = (word: string): string => word.toLowerCase().replace(/[^\p{L}\p{N}]/gu, "") || word;

/** Parts in reading order, or null for texts that are too long to compare in a page. Case and punctuation do not count. */
export function wordDiff(reference: string, transcript: string): DiffPart[] | null {
  const [expected, found] = [reference, transcript].map((text) => text.split(/\s+/).filter(Boolean)) as [string[], string[]];
  if (expected.length + found.length > MOST_WORDS) return null;
  const changes = diffArrays(expected, found, { comparator: (a, b) => bare(a) === bare(b) });
  return changes.map(({ added, removed, value }) => ({
    kind: added ? "extra" : removed ? "missing" : "same",
    text: value.join(" "),
  }));
}
