/** The columns of the table: their width, and how a cell reads. */

import { amount, percent, span, spaced, visible } from "../data/format";
import type { Rows } from "../data/rows";

export interface Column {
  name: string;
  width: string;
  isNumber: boolean;
  cell: (rows: Rows, row: number) => string;
}

const text = (name: string, width: string): Column => ({
  name, width, isNumber: false, cell: (rows, row) => visible(rows.text(name, row).slice(0, 240)),
});
const number = (name: string, width: string, format: (value: number) => string): Column => ({
  name, width, isNumber: true,
  cell: (rows, row) => {
    const value = rows.number(name, row);
    return value === null ? "" : format(value);
  },
});

const STANDARD: Column[] = [
  { ...text("status", "112px"), cell: (rows, row) => spaced(rows.text("status", row)) },
  text("id", "minmax(110px, 190px)"),
  text("transcript", "minmax(240px, 3fr)"),
  text("verdict", "110px"),
  { ...text("suspect", "140px"), cell: (rows, row) => rows.text("suspect", row).replaceAll("|", ", ").replaceAll("_", " ") },
  text("op", "110px"),
  text("voice", "120px"),
  text("language", "100px"),
  number("duration_s", "90px", span),
  number("word_error_rate", "84px", percent),
  number("credits", "90px", amount),
  number("attempts", "96px", amount),
  number("call_latency_s", "94px", span),
];
const ALWAYS = new Set(["status", "id", "transcript", "duration_s"]);
const MANY_VALUES = new Set(["op", "voice", "language", "credits", "attempts", "verdict"]);
const BESIDE_A_ROW = new Set(["status", "id", "transcript", "verdict", "suspect", "duration_s"]);

/** The columns that fit beside an open row. */
export function fewColumns(columns: Column[]): Column[] {
  return columns.filter(({ name }) => BESIDE_A_ROW.has(name));
}

/** Those that have something to show: columns with one value for all rows are left out. */
export function columnsOf(rows: Rows, extra: string[]): Column[] {
  const standard = STANDARD.filter(({ name }) => ALWAYS.has(name) || (rows.has(name) && !(MANY_VALUES.has(name) && isConstant(rows, name))));
  return [...standard, ...extra.filter((name) => rows.has(name)).map((name) => extraColumn(rows, name))];
}

function isConstant(rows: Rows, name: string): boolean {
  const column = rows.column(name);
  return column.every((cell) => cell === column[0]);
}

function extraColumn(rows: Rows, name: string): Column {
  const isNumber = rows.column(name).every((cell) => cell === null || typeof cell === "number");
  return isNumber ? number(name, "110px", amount) : text(name, "minmax(110px, 1fr)");
}
