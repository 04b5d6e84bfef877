import { useEffect, useRef, useState } from "preact/hooks";
import type { Head } from "../data/report";
import type { Detail, Rows } from "../data/rows";
import { amount, label, percent, span, spaced, visible } from "../data/format";
import { FieldList } from "./FieldList";
import { Passages, quoted } from "./Passages";
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

export function RowDetail({ head, rows, row, close, step, hasPrevious, hasNext }: Props) {
  const [loaded, setLoaded] = useState<{ row: number; detail: Detail } | null>(null);
  const [failure, setFailure] = useState("");
  const panel = useRef<HTMLElement>(null);
  useEffect(() => {
    let isCurrent = true;
    rows.detail(row).then(
      (detail) => isCurrent && (setLoaded({ row, detail }), setFailure("")),
      (error: unknown) => isCurrent && setFailure(String(error)),
    );
    panel.current?.scrollTo(0, 0);
    return () => void (isCurrent = false);
  }, [row]);
  useEffect(() => {
    panel.current?.scrollIntoView({ block: "nearest" });
  }, [loaded !== null]);
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
          <button class="secondary" onClick={() => step(-1)} disabled={!hasPrevious} aria-label="Previous row">↑</button>
          <button class="secondary" onClick={() => step(1)} disabled={!hasNext} aria-label="Next row">↓</button>
          <button class="secondary" onClick={close} aria-label="Close the row">✕</button>
        </div>
      </div>
      {failure && <p class="message">{failure}</p>}
      {loaded?.row === row && <Body head={head} rows={rows} row={row} detail={loaded.detail} />}
    </aside>
  );
}

function Body({ head, rows, row, detail }: { head: Head; rows: Rows; row: number; detail: Detail }) {
  const { fields, passages } = detail;
  const text = typeof fields["transcript"] === "string" ? fields["transcript"] : rows.text("transcript", row);
  const reference = typeof fields["reference"] === "string" ? fields["reference"] : "";
  return (
    <>
      {typeof fields["error_message"] === "string" && <p class="message"><bdi>{visible(fields["error_message"])}</bdi></p>}
      {detail.audio
        ? <Player key={row} detail={detail} text={text} />
        : <p class="muted">{rows.text("status", row) === "done" ? "The recording of this row is missing from the results folder." : "This row has no audio."}</p>}
      {(detail.words.length === 0 || !detail.audio) && text && <><h4>Text</h4><p class="text"><bdi>{visible(text)}</bdi></p></>}
      {reference && text && <WordDiff reference={reference} transcript={text} />}
      {passages.length > 0 && (
        <Passages passages={passages} seek={detail.audio ? playFrom : null}
          command={({ number }) => `voicemill book regenerate ${quoted(head.results)} ${quoted(`${rows.text("id", row)}/${number}`)}`} />
      )}
      <Facts rows={rows} row={row} offline={head.offline} />
      {groups(fields, head.extra_columns, rows.text("voice_id", row)).map(([title, entries]) => <FieldList title={title} fields={entries} />)}
    </>
  );
}

function playFrom(seconds: number): void {
  const audio = document.querySelector<HTMLAudioElement>(".detail audio");
  if (!audio) return;
  audio.currentTime = seconds;
  void audio.play().catch(() => undefined);
}

const SHOWN_ABOVE = new Set(["transcript", "reference", "error_message"]);
const REQUESTS = ["request_ids", "started_at", "finished_at"];
const FILES = ["out", "size_bytes", "sha256", "sample_rate_hz", "words", "more_files", "made_from", "damaged_s"];

/** All fields of a row under four titles. */
function groups(fields: Record<string, unknown>, manifest: string[], voiceId: string): [string, [string, unknown][]][] {
  const of = (names: string[]) => names.flatMap((name): [string, unknown][] => (name in fields ? [[name, fields[name]]] : []));
  const named = new Set([...SHOWN_ABOVE, ...REQUESTS, ...FILES, ...manifest]);
  const others = Object.entries(fields).filter(([name]) => !named.has(name));
  return [
    ["Requests", of(REQUESTS)],
    ["Manifest columns", of(manifest)],
    ["Parameters", voiceId ? [["voice_id", voiceId], ...others] : others],
    ["Files", of(FILES)],
  ];
}

function Facts({ rows, row, offline }: { rows: Rows; row: number; offline: boolean }) {
  const facts: [string, string][] = [
    ["duration_s", span(rows.number("duration_s", row))],
    [(rows.number("calls", row) ?? 1) > 1 ? "latency_s" : "call_latency_s", span(rows.number("latency_s", row))],
    ...["credits", "calls", "attempts", "characters"].map((name): [string, string] => {
      const value = rows.number(name, row);
      const isShown = value !== null && (value > 0 || (name === "credits" && !offline));
      return [name, isShown ? amount(value) : ""];
    }),
  ];
  const rate = rows.number("word_error_rate", row);
  if (rate !== null) facts.push(["word_error_rate", percent(rate)]);
  const texts = ["op", "voice", "model", "language", "verdict", "suspect", "error_class", "error_code"];
  const named = texts.map((name): [string, string] => [name, visible(rows.text(name, row).replaceAll("|", ", "))]);
  return (
    <dl class="facts">
      {[...named, ...facts].filter(([, value]) => value).map(([name, value]) => <div><dt>{label(name)}</dt><dd>{value}</dd></div>)}
    </dl>
  );
}
