import { useEffect, useRef, useState } from "preact/hooks";
import type { Head } from "../data/report";
import type { Detail, Rows } from "../data/rows";
import { amount, label, percent, span, spaced, visible } from "../data/format";
import { FieldList, shownFields } from "./FieldList";
import { Player } from "./Player";
import { WordDiff } from "./WordDiff";

interface Props {
  head: Head;
  rows: Rows;
  row: number;
  close: () => void;
  step: (by: number) => void;
  hasPrevious: boolean;
  hasNext: boolean;
}

export function RowDetail({ rows, row, close, step, hasPrevious, hasNext }: Props) {
  const [detail, setDetail] = useState<Detail | null>(null);
  const [failure, setFailure] = useState("");
  const panel = useRef<HTMLElement>(null);
  useEffect(() => {
    let isCurrent = true;
    rows.detail(row).then(
      (found) => isCurrent && (setDetail(found), setFailure("")),
      (error: unknown) => isCurrent && setFailure(String(error)),
    );
    panel.current?.scrollTo(0, 0);
    return () => void (isCurrent = false);
  }, [row]);
  useEffect(() => {
    panel.current?.scrollIntoView({ block: "nearest" });
  }, []);
  const id = visible(rows.text("id", row));
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key === "Escape") close();
  };
  return (
    <aside class="detail card" aria-label={`Row ${id}`} ref={panel} onKeyDown={onKeyDown}>
      <div class="detail-head">
        <span class={`pill ${rows.text("status", row)}`}>{spaced(rows.text("status", row))}</span>
        <h3><bdi>{id}</bdi></h3>
        <div class="detail-buttons">
          <button class="quiet" onClick={() => step(-1)} disabled={!hasPrevious} aria-label="Previous row">↑</button>
          <button class="quiet" onClick={() => step(1)} disabled={!hasNext} aria-label="Next row">↓</button>
          <button class="quiet" onClick={close} aria-label="Close the row">✕</button>
        </div>
      </div>
      {failure && <p class="message">{failure}</p>}
      {detail && <Body rows={rows} row={row} detail={detail} />}
    </aside>
  );
}

function Body({ rows, row, detail }: { rows: Rows; row: number; detail: Detail }) {
  const { fields } = detail;
  const text = typeof fields["transcript"] === "string" ? fields["transcript"] : rows.text("transcript", row);
  const reference = typeof fields["reference"] === "string" ? fields["reference"] : "";
  return (
    <>
      {typeof fields["error_message"] === "string" && <p class="message"><bdi>{visible(fields["error_message"])}</bdi></p>}
      {detail.audio
        ? <Player key={row} detail={detail} text={text} />
        : <p class="muted">{rows.text("status", row) === "done" ? "The recording of this row is not among the files of the report." : "This row has no audio."}</p>}
      {(detail.words.length === 0 || !detail.audio) && text && <><h4>Text</h4><p class="text"><bdi>{visible(text)}</bdi></p></>}
      {reference && text && <WordDiff reference={reference} transcript={text} />}
      <Facts rows={rows} row={row} />
      <FieldList title="Parameters and files" fields={shownFields(fields)} />
    </>
  );
}

function Facts({ rows, row }: { rows: Rows; row: number }) {
  const facts: [string, string][] = [
    ["duration_s", span(rows.number("duration_s", row))],
    ["latency_s", span(rows.number("latency_s", row))],
    ...(["credits", "calls", "attempts", "characters"] as const).map(
      (name): [string, string] => [name, amount(rows.number(name, row) ?? 0)],
    ),
  ];
  const rate = rows.number("word_error_rate", row);
  if (rate !== null) facts.push(["word_error_rate", percent(rate)]);
  const texts = ["op", "voice", "model", "language", "suspect", "error_class", "error_code"];
  const named = texts.map((name): [string, string] => [name, visible(rows.text(name, row).replaceAll("|", ", "))]);
  return (
    <dl class="facts">
      {[...named, ...facts].filter(([, value]) => value).map(([name, value]) => <div><dt>{label(name)}</dt><dd>{value}</dd></div>)}
    </dl>
  );
}
