import { useCallback, useEffect, useMemo, useState } from "preact/hooks";
import type { Finding, Head } from "./data/report";
import type { Rows } from "./data/rows";
import { NO_FILTERS, type Filters } from "./data/select";
import { Attention } from "./parts/Attention";
import { Breakdown } from "./parts/Breakdown";
import { Comparison } from "./parts/Comparison";
import { Configuration } from "./parts/Configuration";
import { Header } from "./parts/Header";
import { Overview } from "./parts/Overview";
import { RowDetail } from "./parts/RowDetail";
import { RowTable } from "./parts/RowTable";
import { RunPlots } from "./parts/RunPlots";

export function App({ head, rows }: { head: Head; rows: Rows }) {
  const [filters, setFilters] = useState<Filters>(NO_FILTERS);
  const [open, setOpen] = useState<number | null>(null);
  const [shown, setShown] = useState<Int32Array>(new Int32Array());

  const [isPainted, setPainted] = useState(false);
  useEffect(() => void requestAnimationFrame(() => setTimeout(() => setPainted(true))), []);

  const showRows = useCallback((title: string, among: number[]) => {
    setFilters({ ...NO_FILTERS, among: { title, rows: new Set(among) } });
    goTo("rows");
  }, []);
  const showFinding = useCallback((finding: Finding) => showRows(finding.title, finding.rows), []);
  const openRow = useCallback((row: number | null) => setOpen(row), []);
  const place = useMemo(() => (open === null ? -1 : shown.indexOf(open)), [open, shown]);
  const step = useCallback(
    (by: number) => {
      const next = shown[place + by];
      if (next !== undefined) setOpen(next);
    },
    [shown, place],
  );

  return (
    <>
      <a class="skip" href="#rows">Skip to the rows</a>
      <Header head={head} />
      <main>
        <Overview head={head} rows={rows} />
        <Attention head={head} rows={rows} show={showFinding} open={openRow} />
        <section id="rows" aria-labelledby="rows-title" class={open === null ? "" : "with-detail"}>
          <RowTable head={head} rows={rows} filters={filters} setFilters={setFilters} open={open} setOpen={openRow} onShown={setShown} />
          {open !== null && (
            <RowDetail head={head} rows={rows} row={open} close={() => { setOpen(null); document.getElementById("grid")?.focus(); }}
              step={step} hasPrevious={place > 0} hasNext={place >= 0 && place < shown.length - 1} />
          )}
        </section>
        {isPainted && <RunPlots head={head} />}
        {isPainted && <Breakdown head={head} rows={rows} />}
        <Comparison head={head} rows={rows} show={showRows} />
        <Configuration head={head} />
      </main>
      <footer>
        Written by voicemill {head.version}. This page loads nothing from the network and sends nothing.
      </footer>
    </>
  );
}

export function goTo(id: string): void {
  const isReduced = matchMedia("(prefers-reduced-motion: reduce)").matches;
  document.getElementById(id)?.scrollIntoView({ behavior: isReduced ? "auto" : "smooth" });
}
