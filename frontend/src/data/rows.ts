/** The rows of the report as columns. A row is a position in them. */

import type { Cell, PackedColumn, PackedDetail, Passage } from "./report";
import { hasBlock, readBlock } from "./blocks";

export const NUMBERS = new Set([
  "duration_s", "credits", "attempts", "calls", "latency_s", "call_latency_s", "word_error_rate", "characters",
]);

export interface Word {
  text: string;
  start: number;
  end: number;
}

export interface Detail {
  fields: Record<string, unknown>;
  audio: string | null;
  outline: number[] | null;
  words: Word[];
  passages: Passage[];
}

export function unpacked(column: PackedColumn): Cell[] {
  return Array.isArray(column) ? column : column.index.map((place) => column.values[place] ?? null);
}

export function wordsOf(packed: PackedDetail["words"]): Word[] {
  if (!packed) return [];
  const [texts, starts, ends] = packed;
  let start = 0;
  let end = 0;
  return texts.map((text, place) => {
    start += starts[place] ?? 0;
    end += ends[place] ?? 0;
    return { text, start: start / 1000, end: end / 1000 };
  });
}

const LEVELS = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";

/** Loudness from 0 to 1 of each span of a recording; null without an outline. */
export function loudnessOf(outline: string | undefined): number[] | null {
  return outline ? Array.from(outline, (level) => (LEVELS.indexOf(level) + 1) / LEVELS.length) : null;
}

export class Rows {
  count = 0;
  private readonly columns = new Map<string, Cell[]>();
  private readonly detailStarts: number[] = [];
  private readonly cache = new Map<number, Promise<PackedDetail[]>>();
  private haystack: string[] | null = null;
  private readonly voices: Map<string, string>;

  constructor(private readonly detailBlock: number, voices: Record<string, string> = {}) {
    this.voices = shownNames(voices);
  }

  /** Append a block of columns that have the same length. */
  append(block: Record<string, PackedColumn>): void {
    let length = 0;
    for (const [name, packed] of Object.entries(block)) {
      const values = unpacked(packed);
      length = values.length;
      const before = this.columns.get(name);
      if (before) for (const value of values) before.push(value);
      else this.columns.set(name, values.slice());
    }
    for (let start = 0; start < length; start += this.detailBlock) this.detailStarts.push(this.count + start);
    this.count += length;
    this.haystack = null;
  }

  /** Add the columns that follow from others: names of voices, and the latency of one call. Call it after the last block. */
  complete(): void {
    const ids = this.column("voice");
    this.columns.set("voice_id", ids);
    this.columns.set("voice", ids.map((id) => (typeof id === "string" ? (this.voices.get(id) ?? id) : id)));
    const calls = this.column("calls");
    const perCall = (seconds: Cell, row: number) => (typeof seconds === "number" ? seconds / Math.max(1, Number(calls[row] ?? 1)) : null);
    this.columns.set("call_latency_s", this.column("latency_s").map(perCall));
  }

  column(name: string): Cell[] {
    return this.columns.get(name) ?? [];
  }

  has(name: string): boolean {
    return this.columns.get(name)?.some((value) => value !== null) ?? false;
  }

  text(name: string, row: number): string {
    const value = this.columns.get(name)?.[row];
    return value === null || value === undefined ? "" : String(value);
  }

  number(name: string, row: number): number | null {
    const value = this.columns.get(name)?.[row];
    return typeof value === "number" ? value : null;
  }

  /** What a search looks at, in lower case: all texts of a row. Built once. */
  searched(): string[] {
    if (!this.haystack) {
      const names = [...this.columns.keys()].filter((name) => !NUMBERS.has(name));
      const texts = names.map((name) => this.column(name));
      this.haystack = Array.from({ length: this.count }, (_, row) =>
        texts.map((column) => column[row] ?? "").join("\n").toLowerCase(),
      );
    }
    return this.haystack;
  }

  async detail(row: number): Promise<Detail> {
    const block = this.blockOf(row);
    let packed = this.cache.get(block);
    if (!packed) {
      packed = readBlock<PackedDetail[]>(`details-${block}`);
      this.cache.set(block, packed);
      if (this.cache.size > 8) this.cache.delete(this.cache.keys().next().value!);
    }
    const found = (await packed)[row - (this.detailStarts[block] ?? 0)];
    if (!found) throw new Error(`no details of row ${row}`);
    return { fields: found.fields, audio: found.audio ?? null, outline: loudnessOf(found.outline), words: wordsOf(found.words), passages: found.passages ?? [] };
  }

  private blockOf(row: number): number {
    let low = 0;
    let high = this.detailStarts.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if ((this.detailStarts[middle] ?? 0) <= row) low = middle;
      else high = middle - 1;
    }
    return low;
  }
}

/** The names of voices by id; those that several voices have, with the start of the id. */
function shownNames(voices: Record<string, string>): Map<string, string> {
  const entries = Object.entries(voices).filter(([, name]) => name);
  const isShared = (name: string) => entries.filter(([, other]) => other === name).length > 1;
  return new Map(entries.map(([id, name]) => [id, isShared(name) ? `${name} (${id.slice(0, 8)})` : name]));
}

export async function loadRows(detailBlock: number, voices: Record<string, string>): Promise<Rows> {
  const rows = new Rows(detailBlock, voices);
  const names = [];
  while (hasBlock(`rows-${names.length}`)) names.push(`rows-${names.length}`);
  for (const block of await Promise.all(names.map((name) => readBlock<Record<string, PackedColumn>>(name)))) {
    rows.append(block);
  }
  rows.complete();
  return rows;
}
