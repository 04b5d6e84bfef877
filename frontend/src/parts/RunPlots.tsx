import { useMemo, useState } from "preact/hooks";
import type { Head, RunHistory } from "../data/report";
import { amount, count, moment, span, spanTick, visible } from "../data/format";
import { Plot, type Series } from "./Plot";

type Values = (number | null)[];

export function RunPlots({ head }: { head: Head }) {
  const [chosen, choose] = useState(head.history.length - 1);
  const run = head.history[chosen];
  return (
    <section id="run" aria-labelledby="run-title">
      <div class="section-head">
        <h2 id="run-title">The run</h2>
        {head.history.length > 1 && (
          <label class="muted">Started <select value={chosen} onChange={(event) => choose(Number(event.currentTarget.value))}>
            {head.history.map((one, place) => <option value={place}>{moment(one.started_at)}</option>)}
          </select></label>
        )}
      </div>
      {run ? <Plots key={run.id} run={run} offline={head.offline} /> : <p class="card note-card">No history was recorded for this run.</p>}
    </section>
  );
}

function Plots({ run, offline }: { run: RunHistory; offline: boolean }) {
  const plots = useMemo(() => plotsOf(run, offline), [run]);
  const x = run.points["t"] as number[];
  return (
    <>
      {x.length > 1
        ? <div class="plots">{plots.map((plot) => <Plot title={plot.title} summary={plot.summary} x={x} series={plot.series} formatX={spanTick} formatY={plot.format} />)}</div>
        : <p class="card note-card">The run was too short for plots.</p>}
      {Math.max(0, ...numbers(run.points["retries"] ?? []), ...numbers(run.points["errors"] ?? [])) === 0 && <p class="muted note">No call was retried or rejected.</p>}
      <Events run={run} />
    </>
  );
}

interface PlotSpec {
  title: string;
  summary: string;
  series: Series[];
  format?: (value: number) => string;
}

function plotsOf({ points }: RunHistory, offline: boolean): PlotSpec[] {
  const of = (name: string): Values => points[name] ?? [];
  const specs: PlotSpec[] = [
    { title: "Throughput, calls per second", summary: `${last(of("calls"))} calls`, series: [line("calls per second", "accent", rate(of("t"), of("calls")))] },
    { title: "Concurrent calls", summary: `at most ${amount(Math.max(0, ...numbers(of("slots"))))} slots`,
      series: [{ ...line("slots", "accent", of("slots")), stepped: true }, line("in flight", "ok", of("in_flight"))] },
    { title: "Latency", summary: `95th percentile at the end ${span(numbers(of("p95_s")).at(-1) ?? null)}`,
      series: [line("median", "ok", of("p50_s")), line("95th percentile", "warn", of("p95_s"))], format: spanTick },
    { title: "Retries and errors", summary: `${last(of("retries"))} retries, ${last(of("throttled"))} rejected with 429`,
      series: [line("retries", "warn", of("retries")), line("429", "accent", of("throttled")), line("other errors", "bad", of("errors"))] },
    { title: "Rows done", summary: `${last(of("rows"))} rows`, series: [line("rows", "ok", of("rows"))] },
  ];
  const hasErrors = numbers([...of("retries"), ...of("throttled"), ...of("errors")]).some((value) => value > 0);
  if (!hasErrors) specs.splice(3, 1);
  if (!offline) specs.push({ title: "Credits spent", summary: `${last(of("credits"))} credits`, series: [line("credits", "accent", of("credits"))] });
  return specs;
}

const line = (label: string, color: string, values: Values): Series => ({ label, color, values });
const numbers = (values: Values): number[] => values.filter((value): value is number => value !== null);
const last = (values: Values): string => count(numbers(values).at(-1) ?? 0);

/** The slope over about a fortieth of the run, so that single calls do not dominate. */
export function rate(times: Values, totals: Values): Values {
  const reach = Math.max(1, Math.ceil(times.length / 40));
  return times.map((time, place) => {
    const from = Math.max(0, place - reach);
    const seconds = (time ?? 0) - (times[from] ?? 0);
    return place === 0 || seconds <= 0 ? null : ((totals[place] ?? 0) - (totals[from] ?? 0)) / seconds;
  });
}

function Events({ run }: { run: RunHistory }) {
  if (!run.events.length) return null;
  return (
    <details class="card events">
      <summary>Changes of concurrency and service state ({count(run.events.length)})</summary>
      <div class="scroll" tabIndex={0} role="region" aria-label="Changes of concurrency and service state">
        <table>
          <thead><tr><th scope="col" class="number">After</th><th scope="col">Change and reason</th></tr></thead>
          <tbody>{run.events.map((event) => <tr><td class="number">{span(event.t)}</td><td>{visible(event.text)}</td></tr>)}</tbody>
        </table>
      </div>
    </details>
  );
}
