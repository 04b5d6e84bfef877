/** Which rows the table shows, and in which order. */

import type { Rows } from "./rows";

export interface Filters {
  query: string;
  /** A wanted value by column; rows match all of them. `suspect` matches one of a row's flags. */
  values: Record<string, string>;
  /** Only these rows: those of a finding. */
  among: { title: string; rows: ReadonlySet<number> } | null;
}

export interface Order {
  column: string;
  descending: boolean;
}

export const NO_FILTERS: Filters = { query: "", values: {}, among: null };
export const FACETS = ["status", "verdict", "suspect", "error_class", "op", "voice", "model", "language"];
const MOST_OPTIONS = 60;

export function filtered(rows: Rows, filters: Filters): Int32Array {
  const found = new Int32Array(rows.count);
  const wanted = Object.entries(filters.values).map(([name, value]) => ({ name, value, column: rows.column(name) }));
  const terms = filters.query.toLowerCase().split(/\s+/).filter(Boolean);
  const haystack = terms.length ? rows.searched() : null;
  let count = 0;
  for (let row = 0; row < rows.count; row++) {
    if (filters.among && !filters.among.rows.has(row)) continue;
    if (!wanted.every(({ name, value, column }) => matches(name, column[row], value))) continue;
    if (haystack && !terms.every((term) => haystack[row]!.includes(term))) continue;
    found[count++] = row;
  }
  return found.subarray(0, count);
}

function matches(name: string, cell: unknown, value: string): boolean {
  return name === "suspect" ? `|${cell ?? ""}|`.includes(`|${value}|`) : String(cell ?? "") === value;
}

/** Sort positions by a column, empty cells last, equal cells in table order. */
export function sorted(rows: Rows, found: Int32Array, order: Order | null): Int32Array {
  if (!order) return found;
  const column = rows.column(order.column);
  const sign = order.descending ? -1 : 1;
  const collator = new Intl.Collator(undefined, { numeric: true });
  return found.slice().sort((a, b) => {
    const left = column[a] ?? null;
    const right = column[b] ?? null;
    if (left === right) return a - b;
    if (left === null || left === "") return 1;
    if (right === null || right === "") return -1;
    const by = typeof left === "number" && typeof right === "number" ? left - right : collator.compare(String(left), String(right));
    return sign * by || a - b;
  });
}

/** The values of a column with their counts, the most frequent first; empty if a choice would not help. */
export function options(rows: Rows, name: string): [string, number][] {
  const counts = new Map<string, number>();
  for (const cell of rows.column(name)) {
    const values = cell === null ? [] : name === "suspect" ? String(cell).split("|") : [String(cell)];
    for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1);
  }
  const useful = name === "suspect" || name === "error_class" ? counts.size > 0 : counts.size > 1;
  if (!useful || counts.size > MOST_OPTIONS) return [];
  return [...counts].sort((a, b) => b[1] - a[1]);
}
