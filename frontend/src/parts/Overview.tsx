import type { Head } from "../data/report";
import type { Rows } from "../data/rows";
import { amount, count, percent, plural, span, spaced } from "../data/format";

export const STATUSES = ["done", "failed", "refused", "not_started"] as const;

export function Overview({ head, rows }: { head: Head; rows: Rows }) {
  const summary = head.run.summary;
  if (!summary) return null;
  const total = Object.values(summary.rows).reduce((sum, n) => sum + n, 0);
  const audio = rows.column("duration_s").reduce<number>((sum, value) => sum + Number(value ?? 0), 0);
  const credits = rows.column("credits").reduce<number>((sum, value) => sum + Number(value ?? 0), 0);
  const checks = verdicts(rows);
  const speed = summary.seconds > 0 ? (summary.audio_s + summary.transcribed_s + summary.converted_s) / summary.seconds : 0;
  return (
    <section aria-label="Overview">
      <div class="overview">
      <div class="card wide">
        <h2 class="figure-title">Rows</h2>
        <p class="figure">{count(summary.rows["done"] ?? 0)}<small> of {count(total)} done</small></p>
        <StatusBar rows={summary.rows} total={total} />
      </div>
      <Figure title="Audio" value={span(audio)} note={head.is_sample ? "in this sample" : "in all rows"} />
      <Figure title="Calls" value={count(summary.calls_made)}
        note={[summary.retries && plural(summary.retries, "retry").replace("retrys", "retries"), summary.calls_reused && `${count(summary.calls_reused)} reused`].filter(Boolean).join(", ") || "in this run, none retried"} />
      <Figure title="Cost" value={head.offline ? "Free" : amount(summary.credits)}
        note={head.offline ? "embedded engine" : credits === summary.credits ? "credits" : `credits in this run; ${amount(credits)} in all`} />
      <Figure title="Time" value={span(summary.seconds)}
        note={speed >= 0.05 ? `${speed.toFixed(1)} × real time` : "in this run"} />
      {checks.length > 0 && (
        <Figure title="Checks" value={checks.length === 1 ? `All ${checks[0]![0]}` : checks.filter(([verdict]) => verdict !== "ok").map(([verdict, n]) => `${count(n)} ${verdict}`).join(", ")}
          note={`${checks.length === 1 ? "" : "of "}${plural(checks.reduce((sum, [, n]) => sum + n, 0), "checked row")}`} />
      )}
      {summary.word_error_rate !== null && (
        <Figure title="Word error rate" value={percent(summary.word_error_rate)} note="against the references" />
      )}
      </div>
      {summary.reason && <p class="reason"><strong>Not everything is done:</strong> {summary.reason}</p>}
      {head.is_sample && (
        <p class="reason"><strong>Sample:</strong> this file holds {count(head.rows)} of {count(head.all_rows)} rows, with their audio.</p>
      )}
    </section>
  );
}

/** The number of rows with each verdict, bad ones first. */
function verdicts(rows: Rows): [string, number][] {
  const counts = new Map<unknown, number>();
  for (const verdict of rows.column("verdict")) counts.set(verdict, (counts.get(verdict) ?? 0) + 1);
  return ["bad", "inconclusive", "ok"].flatMap((verdict): [string, number][] => (counts.has(verdict) ? [[verdict, counts.get(verdict)!]] : []));
}

function Figure({ title, value, note }: { title: string; value: string; note: string }) {
  return (
    <div class="card">
      <h2 class="figure-title">{title}</h2>
      <p class="figure">{value}</p>
      <p class="muted">{note}</p>
    </div>
  );
}

function StatusBar({ rows, total }: { rows: Record<string, number>; total: number }) {
  const parts = STATUSES.filter((status) => rows[status]);
  return (
    <>
      <svg class="status-bar" viewBox="0 0 1000 10" preserveAspectRatio="none" aria-hidden="true">
        {parts.map((status, place) => {
          const before = parts.slice(0, place).reduce((sum, one) => sum + (rows[one] ?? 0), 0);
          return <rect class={`fill-${status}`} x={(1000 * before) / total} width={(1000 * (rows[status] ?? 0)) / total} height="10" />;
        })}
      </svg>
      <ul class="legend">
        {parts.map((status) => <li><span class={`dot fill-${status}`} aria-hidden="true" />{count(rows[status] ?? 0)} {spaced(status)}</li>)}
      </ul>
    </>
  );
}
