import { useEffect, useState } from "preact/hooks";
import type { Head } from "../data/report";
import { moment, visible } from "../data/format";

const SCHEMES = ["auto", "light", "dark"] as const;
const SECTIONS = [
  ["attention", "Attention"], ["rows", "Rows"], ["run", "Run"], ["breakdown", "Breakdown"], ["settings", "Settings"],
] as const;

export function Header({ head }: { head: Head }) {
  const manifest = head.run.manifest?.path ?? "";
  const name = visible(manifest.split("/").pop() || head.results);
  useEffect(() => {
    document.title = `${name} · voicemill report`;
  }, [name]);
  return (
    <header class="top">
      <div class="brand">
        <svg viewBox="0 0 32 32" aria-hidden="true"><rect width="32" height="32" rx="8" /><path d="M8 13v6M13 8v16M18 11v10M23 14v4" /></svg>
        <div>
          <h1>{name}</h1>
          <p class="muted">{[moment(head.run.finished_at), head.offline ? "embedded engine" : visible(head.run.service ?? "")].filter(Boolean).join(" · ")}</p>
        </div>
      </div>
      <nav aria-label="Sections">
        {SECTIONS.map(([id, title]) => <a href={`#${id}`}>{title}</a>)}
      </nav>
      <SchemeChoice />
    </header>
  );
}

function SchemeChoice() {
  const [scheme, setScheme] = useState<(typeof SCHEMES)[number]>("auto");
  useEffect(() => {
    document.documentElement.dataset["scheme"] = scheme;
    dispatchEvent(new Event("scheme"));
  }, [scheme]);
  return (
    <fieldset class="choice">
      <legend class="hidden">Color scheme</legend>
      {SCHEMES.map((one) => (
        <label class={one === scheme ? "on" : ""}>
          <input type="radio" name="scheme" class="hidden" checked={one === scheme} onChange={() => setScheme(one)} />
          {one[0]!.toUpperCase() + one.slice(1)}
        </label>
      ))}
    </fieldset>
  );
}
