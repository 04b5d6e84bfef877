/** Numbers, times and texts as the page shows them. */

const whole = new Intl.NumberFormat("en-US", { maximumFractionDigits: 0 });
const decimal = new Intl.NumberFormat("en-US", { maximumFractionDigits: 2 });

export const count = (value: number): string => whole.format(value);
export const plural = (value: number, noun: string): string => `${count(value)} ${noun}${value === 1 ? "" : "s"}`;
export const amount = (value: number): string => (Math.abs(value) >= 100 ? whole : decimal).format(value);
export const percent = (share: number): string => `${(share * 100).toFixed(1)} %`;

/** A duration such as `0.84 s`, `12.5 s`, `3:07` or `1:02:45`. */
export function span(seconds: number | null): string {
  if (seconds === null || !Number.isFinite(seconds)) return "";
  if (seconds === 0) return "0 s";
  if (seconds < 60) return `${seconds < 10 ? seconds.toFixed(2) : seconds.toFixed(1)} s`;
  const total = Math.round(seconds);
  const [hours, minutes, rest] = [Math.floor(total / 3600), Math.floor((total % 3600) / 60), total % 60];
  const end = String(rest).padStart(2, "0");
  return hours ? `${hours}:${String(minutes).padStart(2, "0")}:${end}` : `${minutes}:${end}`;
}

const MB = 1_000_000;
const UNITS: Record<string, (value: number) => string> = {
  size_bytes: (value) => (value < MB ? `${amount(value / 1000)} kB` : `${amount(value / MB)} MB`),
  sample_rate: (value) => `${count(value)} Hz`,
  sample_rate_hz: (value) => `${count(value)} Hz`,
  bit_rate: (value) => `${amount(value / 1000)} kbit/s`,
  from_s: span,
  to_s: span,
  damaged_s: span,
};

/** A value with the unit of its column. */
export function withUnit(name: string, value: unknown): string {
  const format = UNITS[name];
  if (typeof value === "number" && format) return format(value);
  if (typeof value === "string" && name.endsWith("_at")) return value.replace("T", " ").replace(/(\.\d{1,3})?\d*Z$/, "$1 UTC");
  return String(value);
}

/** A duration below an axis, without trailing zeros. */
export const spanTick = (seconds: number): string => (Math.abs(seconds) < 60 ? `${+seconds.toPrecision(3)} s` : span(seconds));

export function moment(iso: string | undefined): string {
  const date = new Date(iso ?? "");
  if (Number.isNaN(date.getTime())) return "";
  return date.toISOString().slice(0, 16).replace("T", " ") + " UTC";
}

const LABELS: Record<string, string> = {
  id: "Row", op: "Operation", transcript: "Text", duration_s: "Audio", latency_s: "Latency, all calls", call_latency_s: "Latency",
  word_error_rate: "Word errors", suspect: "Flags", error_class: "Error", error_code: "Error code", file_name: "File", verdict: "Check",
  voice_id: "Voice id", size_bytes: "Size", sha256: "SHA-256", sample_rate: "Sample rate", sample_rate_hz: "Sample rate of the file",
  bit_rate: "Bit rate", out: "Path", from_s: "From", to_s: "To", damaged_s: "Damaged", more_files: "More files", check: "Requested check",
};
export const label = (name: string): string => LABELS[name] ?? spaced(name).replace(/^./, (first) => first.toUpperCase());
export const spaced = (name: string): string => name.replaceAll("_", " ");

const INVISIBLE = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/g;

/** A text in which control and direction characters are visible, so that they cannot reorder or hide anything. */
export function visible(text: string): string {
  return text.replace(INVISIBLE, (found) => `\u27e8U+${found.charCodeAt(0).toString(16).toUpperCase().padStart(4, "0")}\u27e9`);
}
