import type { Finding, Head } from "../data/report";
import type { Rows } from "../data/rows";
import { count, plural, visible } from "../data/format";
import { Command } from "./Command";

const SHOWN = 6;
const WORDS = { error: "Error", warning: "Warning", notice: "Notice" };

interface Actions {
  rows: Rows;
  show: (finding: Finding) => void;
  open: (row: number) => void;
}

export function Attention({ head, ...actions }: { head: Head } & Actions) {
  const findings = head.findings.filter((finding) => !head.is_sample || finding.rows.length);
  return (
    <section id="attention" aria-labelledby="attention-title">
      <h2 id="attention-title">Needs attention</h2>
      {findings.length === 0
        ? <p class="card note-card">{head.rows ? "Nothing: every row is done, and none differs from the others." : "This run has no rows."}</p>
        : <ul class="findings">{findings.map((finding) => <Item finding={finding} {...actions} />)}</ul>}
    </section>
  );
}

function Item({ finding, rows, show, open }: { finding: Finding } & Actions) {
  return (
    <li class={`card finding ${finding.severity}`}>
      <div class="finding-head">
        <span class={`badge ${finding.severity}`}>{WORDS[finding.severity]}</span>
        <h3>{visible(finding.title)}</h3>
        <span class="finding-count">{plural(finding.count, "row")}</span>
      </div>
      <p>{finding.why} {finding.remedy}</p>
      {finding.messages.map((message) => <p class="message">{visible(message)}</p>)}
      {finding.commands.slice(0, 1).map((command) => <Command text={command} />)}
      {finding.commands.length > 1 && (
        <details>
          <summary>{plural(finding.commands.length - 1, "more command")}</summary>
          {finding.commands.slice(1).map((command) => <Command text={command} />)}
        </details>
      )}
      <ul class="row-links" aria-label={`Rows: ${visible(finding.title)}`}>
        {finding.rows.slice(0, SHOWN).map((row) => (
          <li><button class="link" onClick={() => open(row)}>{visible(rows.text("id", row)).slice(0, 60)}</button></li>
        ))}
        {finding.rows.length > 1 && (
          <li><button class="secondary" onClick={() => show(finding)}>
            Show {finding.rows.length < finding.count ? `the first ${count(finding.rows.length)}` : `all ${count(finding.count)}`} in the table
          </button></li>
        )}
      </ul>
    </li>
  );
}
