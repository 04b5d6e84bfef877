import { expect, test } from "vitest";
import { span, visible } from "../src/data/format";
import { histogram, quantile } from "../src/data/totals";
import { wordDiff } from "../src/data/wordDiff";
import { spokenText } from "../src/data/spokenText";
import { placeAt } from "../src/parts/Player";
import { rate } from "../src/parts/RunPlots";
import { cuesOf } from "../src/parts/Subtitles";

const words = ["One.", "Two", "three"].map((text, place) => ({ text, start: place, end: place + 0.5 }));

test("direction and control characters become visible", () => {
  expect(visible("a\u202eb\u0000c\nd")).toBe("a⟨U+202E⟩b⟨U+0000⟩c\nd");
});

test("durations read as seconds, minutes and hours", () => {
  expect([0.5, 12.34, 187, 3765].map(span)).toEqual(["0.50 s", "12.3 s", "3:07", "1:02:45"]);
});

test("case and punctuation are no differences", () => {
  expect(wordDiff("The Lamp, on the island.", "the lamp on an island")).toEqual([
    { kind: "same", text: "the lamp on" },
    { kind: "missing", text: "the" },
    { kind: "extra", text: "an" },
    { kind: "same", text: "island" },
  ]);
});

test("the spoken word is the last one that has started", () => {
  expect([-1, 0, 1.2, 9].map((seconds) => placeAt(words, seconds))).toEqual([-1, 0, 1, 2]);
});

test("a subtitle ends with its sentence", () => {
  expect(cuesOf(words).map((cue) => cue.text)).toEqual(["One.", "Two three"]);
});

test("throughput is the slope of the counts", () => {
  expect(rate([0, 1, 2], [0, 4, 6])).toEqual([null, 4, 2]);
});

test("a histogram counts every value once", () => {
  const found = histogram([0, 1, 1, 2, 100])!;
  expect(found.counts.reduce((sum, count) => sum + count)).toBe(5);
  expect(quantile([3, 1, 2], 0.5)).toBe(2);
});

test("the text is divided at its words, with punctuation", () => {
  expect(spokenText("“One.” Two – three!", words)).toEqual(["“One.” ", "Two – ", "three!"]);
  expect(spokenText("1, 2, 3", words)).toEqual(["One. ", "Two ", "three "]);
});
