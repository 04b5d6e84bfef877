/** What the Python side writes into the page. Field names are those of its JSON. */

export type Cell = string | number | boolean | null;

export interface Finding {
  key: string;
  severity: "error" | "warning" | "notice";
  title: string;
  why: string;
  remedy: string;
  commands: string[];
  count: number;
  rows: number[];
  messages: string[];
}

export interface RunEvent {
  t: number;
  text: string;
}

/** One run: measured points as columns of equal length, and its events. Times are seconds since its start. */
export interface RunHistory {
  id: string;
  started_at: string;
  points: Record<string, (number | null)[]>;
  events: RunEvent[];
}

export interface Changes {
  compared_with: string | null;
  counts: Record<string, number>;
  ids: Record<string, string[]>;
}

export interface Summary {
  manifest: string;
  service: string;
  rows: Record<string, number>;
  calls_made: number;
  calls_reused: number;
  retries: number;
  credits: number;
  audio_s: number;
  transcribed_s: number;
  converted_s: number;
  seconds: number;
  suspect: number;
  word_error_rate: number | null;
  exit_code: number;
  reason: string;
}

export interface Run {
  manifest?: { path?: string; rows?: number };
  service?: string;
  started_at?: string;
  finished_at?: string;
  summary?: Summary;
  settings?: Record<string, unknown>;
  versions?: Record<string, string>;
  warnings?: string[];
}

export interface Head {
  version: string;
  results: string;
  run: Run;
  /** The names of voices by id. */
  voices: Record<string, string>;
  offline: boolean;
  rows: number;
  all_rows: number;
  is_sample: boolean;
  detail_block: number;
  text_limit: number;
  /** Columns of the manifest and of other tools that the table shows as well. */
  extra_columns: string[];
  findings: Finding[];
  history: RunHistory[];
  changes: Changes | null;
}

export type PackedColumn = Cell[] | { values: Cell[]; index: number[] };

/** Everything about a row that the table does not show. `words` are texts, and steps between starts and ends in ms. */
export interface PackedDetail {
  fields: Record<string, unknown>;
  audio?: string;
  /** One character for the loudness of each span. */
  outline?: string;
  words?: [string[], number[], number[]];
  passages?: Passage[];
}

/** A checked passage of a row. `verdict` is missing where it is `ok`, and `take` where the first one was kept. */
export interface Passage {
  number: number;
  text: string;
  start_s: number | null;
  end_s: number | null;
  speaker?: string;
  take?: number;
  verdict?: "bad" | "inconclusive";
  why?: { reason: string; start_s: number | null; end_s: number | null; detail: string }[];
}
