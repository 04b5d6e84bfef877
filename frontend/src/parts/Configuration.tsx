import type { Head } from "../data/report";
import { FieldList } from "./FieldList";

/** Settings as `pace.max_concurrency`, without those that are empty. */
function flat(settings: Record<string, unknown>, prefix = ""): [string, unknown][] {
  return Object.entries(settings).flatMap(([name, value]): [string, unknown][] => {
    if (value === null || value === "" || (Array.isArray(value) && !value.length)) return [];
    const isGroup = typeof value === "object" && !Array.isArray(value);
    return isGroup ? flat(value as Record<string, unknown>, `${prefix}${name}.`) : [[`${prefix}${name}`, value]];
  });
}

export function Configuration({ head }: { head: Head }) {
  const { settings = {}, versions = {}, warnings = [], manifest = {} } = head.run;
  return (
    <section id="settings" aria-labelledby="settings-title">
      <h2 id="settings-title">Settings and versions</h2>
      <details class="card">
        <summary>All settings of the last run</summary>
        <FieldList title="Manifest" fields={Object.entries(manifest)} />
        <FieldList title="Settings" fields={flat(settings)} />
        <FieldList title="Versions" fields={Object.entries(versions)} />
        {warnings.length > 0 && <FieldList title="Warnings of the manifest check" fields={warnings.map((text, place) => [String(place + 1), text])} />}
      </details>
    </section>
  );
}
