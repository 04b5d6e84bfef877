import type { Head } from "../data/report";
import { count, spaced, visible } from "../data/format";

export function Comparison({ head }: { head: Head }) {
  const changes = head.changes;
  if (!changes) return null;
  const kinds = Object.entries(changes.counts).filter(([, number]) => number > 0);
  return (
    <section id="comparison" aria-labelledby="comparison-title">
      <h2 id="comparison-title">Compared with the run before</h2>
      {kinds.length === 0 ? <p class="card calm">No row changed.</p> : (
        <ul class="changes">
          {kinds.map(([kind, number]) => (
            <li class="card">
              <h3>{count(number)} {spaced(kind)}</h3>
              <p class="muted">{(changes.ids[kind] ?? []).map(visible).join(", ")}{number > (changes.ids[kind]?.length ?? 0) ? " …" : ""}</p>
            </li>
          ))}
        </ul>
      )}
    </section>
  );
}
