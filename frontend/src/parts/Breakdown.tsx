import { useMemo } from "preact/hooks";
import type { Head } from "../data/report";
import type { Rows } from "../data/rows";
import { histogram, totals, type Total } from "../data/totals";
import { amount, count, label, percent, span, spanTick, spaced, visible } from "../data/format";
import { Plot, short } from "./Plot";

const GROUPS = ["op", "voice", "language", "model", "error_class"];
const SHOWN = 12;

export function Breakdown({ head, rows }: { head: Head; rows: Rows }) {
  const groups = useMemo(() => GROUPS.map((name) => ({ name, values: totals(rows, name) })).filter(({ values }) => values.length), [rows]);
  if (!groups.length) return null;
  return (
    <section id="breakdown" aria-labelledby="breakdown-title">
      <h2 id="breakdown-title">Breakdown</h2>
      <div class="tables">{groups.map(({ name, values }) => <Totals name={name} values={values} offline={head.offline} />)}</div>
      <Distributions rows={rows} />
    </section>
  );
}

function Totals({ name, values, offline }: { name: string; values: Total[]; offline: boolean }) {
  return (
    <div class="card scroll" tabIndex={0} role="region" aria-label={`Totals by ${label(name)}`}>
      <table>
        <thead><tr>
          <th scope="col">{label(name)}</th><th scope="col" class="number">Rows</th><th scope="col" class="number">Done</th>
          <th scope="col" class="number">Audio</th>{!offline && <th scope="col" class="number">Credits</th>}<th scope="col" class="number">Median latency</th>
        </tr></thead>
        <tbody>
          {values.slice(0, SHOWN).map((total) => (
            <tr>
              <th scope="row"><bdi>{visible(spaced(total.value)).slice(0, 60)}</bdi></th><td class="number">{count(total.rows)}</td>
              <td class="number">{count(total.done)}</td><td class="number">{total.audio_s ? span(total.audio_s) : "–"}</td>
              {!offline && <td class="number">{amount(total.credits)}</td>}<td class="number">{span(total.latency_s) || "–"}</td>
            </tr>
          ))}
        </tbody>
      </table>
      {values.length > SHOWN && <p class="muted">and {count(values.length - SHOWN)} more</p>}
    </div>
  );
}

const DISTRIBUTIONS: [string, string, (value: number) => string][] = [
  ["duration_s", "Rows by length of audio", spanTick],
  ["call_latency_s", "Rows by latency of a call", spanTick],
  ["word_error_rate", "Rows by word error rate", percent],
  ["loudness_lufs", "Rows by loudness", (value) => `${short(value)} LUFS`],
];

function Distributions({ rows }: { rows: Rows }) {
  const plots = useMemo(
    () => DISTRIBUTIONS.flatMap(([name, title, format]) => {
      const values = rows.column(name).filter((value): value is number => typeof value === "number");
      const found = histogram(values);
      return found ? [{ name, title, format, found, total: values.length }] : [];
    }),
    [rows],
  );
  return (
    <div class="plots">
      {plots.map(({ name, title, format, found, total }) => (
        <Plot key={name} title={title} summary={`${count(total)} rows`} x={found.bounds}
          series={[{ label: "rows", color: "accent", values: [...found.counts, null], bars: true }]} formatX={format} />
      ))}
    </div>
  );
}
