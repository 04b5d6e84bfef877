import type { Passage } from "../data/report";
import { span, spaced, visible } from "../data/format";
import { Command } from "./Command";

const SHOWN = 200;

interface Props {
  passages: Passage[];
  command: (passage: Passage) => string;
  seek: ((seconds: number) => void) | null;
}

/** The checked passages of a row: those with a fault first, with reasons, places and the command to generate them again. */
export function Passages({ passages, command, seek }: Props) {
  const notable = passages.filter(({ verdict, take }) => verdict || take);
  const good = passages.filter((passage) => !notable.includes(passage));
  return (
    <>
      <h4>Checked passages</h4>
      <ul class="passages">{notable.slice(0, SHOWN).map((passage) => <Item passage={passage} command={command} seek={seek} />)}</ul>
      {good.length > 0 && (
        <details>
          <summary>{good.length === passages.length ? `${good.length} passages, all ok` : `${good.length} more, all ok`}</summary>
          <ul class="passages">{good.slice(0, SHOWN).map((passage) => <Item passage={passage} command={command} seek={seek} />)}</ul>
        </details>
      )}
    </>
  );
}

function Item({ passage, command, seek }: { passage: Passage } & Pick<Props, "command" | "seek">) {
  const verdict = passage.verdict ?? "ok";
  return (
    <li>
      <p class="passage-head">
        <span class={`pill ${verdict}`}>{verdict}</span> <strong>{passage.number}</strong> <Place start={passage.start_s} end={passage.end_s} seek={seek} />
        {passage.speaker && <span class="muted"><bdi>{visible(passage.speaker)}</bdi></span>}
        {passage.take && <span class="muted">take {passage.take + 1} was kept</span>}
      </p>
      <p><bdi>{visible(passage.text)}</bdi></p>
      {passage.why?.map(({ reason, start_s, end_s, detail }) => (
        <p class="reason-line">
          <strong>{visible(spaced(reason))}</strong> <Place start={start_s} end={end_s} seek={seek} /> <bdi>{visible(detail)}</bdi>
        </p>
      ))}
      {passage.verdict === "bad" && <Command text={command(passage)} />}
    </li>
  );
}

function Place({ start, end, seek }: { start: number | null; end: number | null; seek: Props["seek"] }) {
  if (start === null) return null;
  const text = end === null ? span(start) : `${span(start)} – ${span(end)}`;
  return seek ? <button class="link" onClick={() => seek(start)} aria-label={`Play from ${text}`}>{text}</button> : <span class="muted">{text}</span>;
}

/** A word of a command line, quoted for a shell where necessary. */
export function quoted(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'"'"'`)}'`;
}
