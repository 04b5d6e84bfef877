import { expect, test } from "vitest";
import { loudnessOf, Rows, wordsOf } from "../src/data/rows";
import { filtered, NO_FILTERS, options, sorted } from "../src/data/select";

function table(): Rows {
  const rows = new Rows(2);
  rows.append({ id: ["a", "b", "c"], status: { values: ["done", "failed"], index: [0, 1, 0] }, duration_s: [2, null, 1], suspect: ["x|y", null, "y"] });
  rows.append({ id: ["d"], status: ["done"], duration_s: [3], suspect: [null] });
  return rows;
}

test("blocks are appended in order", () => {
  const rows = table();
  expect(rows.count).toBe(4);
  expect(rows.column("id")).toEqual(["a", "b", "c", "d"]);
  expect(rows.text("status", 1)).toBe("failed");
  expect(rows.number("duration_s", 1)).toBeNull();
});

test("filters combine, and a flag matches one of several", () => {
  const rows = table();
  expect([...filtered(rows, { ...NO_FILTERS, values: { status: "done", suspect: "y" } })]).toEqual([0, 2]);
  expect([...filtered(rows, { ...NO_FILTERS, query: "DONE d" })]).toEqual([0, 2, 3]);
  expect([...filtered(rows, { ...NO_FILTERS, among: { title: "", rows: new Set([1, 3]) } })]).toEqual([1, 3]);
});

test("sorting keeps empty cells last in both directions", () => {
  const rows = table();
  const all = filtered(rows, NO_FILTERS);
  expect([...sorted(rows, all, { column: "duration_s", descending: false })]).toEqual([2, 0, 3, 1]);
  expect([...sorted(rows, all, { column: "duration_s", descending: true })]).toEqual([3, 0, 2, 1]);
});

test("choices are counted, the most frequent first", () => {
  expect(options(table(), "status")).toEqual([["done", 3], ["failed", 1]]);
  expect(options(table(), "suspect")).toEqual([["y", 2], ["x", 1]]);
});

test("word times are sums of steps in milliseconds", () => {
  expect(wordsOf([["one", "two"], [100, 400], [300, 500]])).toEqual([
    { text: "one", start: 0.1, end: 0.3 },
    { text: "two", start: 0.5, end: 0.8 },
  ]);
});

test("an outline has a character for each loudness", () => {
  expect(loudnessOf("0Z")).toEqual([1 / 62, 1]);
  expect(loudnessOf(undefined)).toBeNull();
});

test("voices have names, and those with the same name the start of their id", () => {
  const rows = new Rows(2, { "1111-aaaa": "Robin", "2222-bbbb": "James", "33333333-c": "James", constructor: "" });
  rows.append({ voice: ["1111-aaaa", "2222-bbbb", "33333333-c", "constructor", null], latency_s: [4, 1, null, 2, 3], calls: [2, 1, 1, 1, null] });
  rows.complete();
  expect(rows.column("voice")).toEqual(["Robin", "James (2222-bbb)", "James (33333333)", "constructor", null]);
  expect(rows.text("voice_id", 0)).toBe("1111-aaaa");
  expect(rows.column("call_latency_s")).toEqual([2, 1, null, 2, 3]);
});
