import { useMemo } from "preact/hooks";
import type { Head } from "../data/report";
import type { Rows } from "../data/rows";
import { count, moment, visible } from "../data/format";

const TITLES: Record<string, string> = {
  new: "new", newly_done: "finished now", changed: "with another file", newly_unfinished: "no longer done", gone: "removed from the manifest",
};
const SHOWN = 20;

interface Props {
  head: Head;
  rows: Rows;
  show: (title: string, among: number[]) => void;
}

export function Comparison({ head, rows, show }: Props) {
  const changes = head.changes;
  const places = useMemo(() => new Map(changes ? rows.column("id").map((id, row) => [String(id), row]) : []), [rows]);
  if (!changes) return null;
  const kinds = Object.keys(TITLES).filter((kind) => (changes.counts[kind] ?? 0) > 0);
  return (
    <section id="comparison" aria-labelledby="comparison-title">
      <h2 id="comparison-title">Compared with the run before</h2>
      {changes.compared_with && <p class="muted">The run before ended {moment(changes.compared_with)}.</p>}
      {kinds.length === 0 ? <p class="card note-card">No row was added, finished, changed or removed.</p> : (
        <ul class="changes">
          {kinds.map((kind) => {
            const ids = changes.ids[kind] ?? [];
            const found = ids.flatMap((id) => places.get(id) ?? []);
            const title = `${count(changes.counts[kind] ?? 0)} ${TITLES[kind]}`;
            return (
              <li class="card">
                <h3>{title}</h3>
                <p class="muted">{ids.slice(0, SHOWN).map(visible).join(", ")}{(changes.counts[kind] ?? 0) > SHOWN ? " …" : ""}</p>
                {found.length > 0 && <button class="secondary" onClick={() => show(title, found)}>Show in the table</button>}
              </li>
            );
          })}
        </ul>
      )}
    </section>
  );
}
