/** Totals by the values of a column, and distributions of numbers. */

import type { Rows } from "./rows";

export interface Total {
  value: string;
  rows: number;
  done: number;
  audio_s: number;
  credits: number;
  latency_s: number | null;
}

export function totals(rows: Rows, name: string): Total[] {
  const found = new Map<string, Total & { latencies: number[] }>();
  const [status, duration, credits, latency] = ["status", "duration_s", "credits", "call_latency_s"].map((n) => rows.column(n));
  rows.column(name).forEach((cell, row) => {
    if (cell === null || cell === "") return;
    const value = String(cell);
    let total = found.get(value);
    if (!total) found.set(value, (total = { value, rows: 0, done: 0, audio_s: 0, credits: 0, latency_s: null, latencies: [] }));
    total.rows += 1;
    total.done += status?.[row] === "done" ? 1 : 0;
    total.audio_s += Number(duration?.[row] ?? 0);
    total.credits += Number(credits?.[row] ?? 0);
    if (typeof latency?.[row] === "number") total.latencies.push(latency[row]);
  });
  return [...found.values()]
    .map(({ latencies, ...total }) => ({ ...total, latency_s: quantile(latencies, 0.5) }))
    .sort((a, b) => b.rows - a.rows);
}

export function quantile(values: number[], share: number): number | null {
  if (!values.length) return null;
  const ordered = [...values].sort((a, b) => a - b);
  return ordered[Math.min(ordered.length - 1, Math.floor(share * ordered.length))] ?? null;
}

export interface Histogram {
  /** The lower bounds of the bins, and the upper bound of the last one. */
  bounds: number[];
  counts: number[];
  beyond: number;
}

/** A histogram with round bounds. Values above the 99.5th percentile go into the last bin, so that one does not flatten the rest. */
export function histogram(values: number[], bins = 24): Histogram | null {
  const finite = values.filter(Number.isFinite);
  if (finite.length < 2) return null;
  const low = Math.min(0, ...[quantile(finite, 0) ?? 0]);
  const high = quantile(finite, 0.995) ?? 0;
  const width = niceStep((high - low) / bins || 1);
  const first = Math.floor(low / width) * width;
  const count = Math.max(1, Math.floor((high - first) / width) + 1);
  const counts = new Array<number>(count).fill(0);
  let beyond = 0;
  for (const value of finite) {
    const place = Math.floor((value - first) / width);
    if (place >= count) beyond += 1;
    counts[Math.min(count - 1, Math.max(0, place))]! += 1;
  }
  return { bounds: Array.from({ length: count + 1 }, (_, place) => first + place * width), counts, beyond };
}

function niceStep(step: number): number {
  const power = 10 ** Math.floor(Math.log10(step));
  return ([1, 2, 5, 10].find((factor) => factor * power >= step) ?? 10) * power;
}
