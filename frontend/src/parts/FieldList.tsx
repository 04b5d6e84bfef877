import { label, visible, withUnit } from "../data/format";

const LONG = 2_000;

export function FieldList({ title, fields }: { title: string; fields: [string, unknown][] }) {
  if (!fields.length) return null;
  return (
    <>
      <h4>{title}</h4>
      <dl class="fields">
        {fields.map(([name, value]) => <div><dt>{visible(label(name))}</dt><dd><bdi>{shown(name, value)}</bdi></dd></div>)}
      </dl>
    </>
  );
}

function shown(name: string, value: unknown): string {
  const text = Array.isArray(value) ? value.map((one) => single(name, one)).join("\n") : single(name, value);
  return visible(text.length > LONG ? `${text.slice(0, LONG)} …` : text);
}

function single(name: string, value: unknown): string {
  if (value !== null && typeof value === "object") return "file_name" in value ? String(value.file_name) : JSON.stringify(value);
  return withUnit(name, value);
}
