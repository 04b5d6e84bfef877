import { label, visible } from "../data/format";

const SHOWN_ABOVE = new Set(["transcript", "reference", "error_message"]);
const LONG = 2_000;

export function shownFields(fields: Record<string, unknown>): [string, unknown][] {
  return Object.entries(fields).filter(([name]) => !SHOWN_ABOVE.has(name));
}

export function FieldList({ title, fields }: { title: string; fields: [string, unknown][] }) {
  if (!fields.length) return null;
  return (
    <>
      <h4>{title}</h4>
      <dl class="fields">
        {fields.map(([name, value]) => <div><dt>{visible(label(name))}</dt><dd><bdi>{shown(value)}</bdi></dd></div>)}
      </dl>
    </>
  );
}

function shown(value: unknown): string {
  const text = Array.isArray(value) ? value.map(one).join("\n") : one(value);
  return visible(text.length > LONG ? `${text.slice(0, LONG)} …` : text);
}

function one(value: unknown): string {
  if (value !== null && typeof value === "object") return "file_name" in value ? String(value.file_name) : JSON.stringify(value);
  return String(value);
}
