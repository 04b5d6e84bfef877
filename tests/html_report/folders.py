"""Results folders with given rows, written directly: thousands of rows in a moment, without a run."""

import json
import re
from base64 import b64decode
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from gzip import decompress
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from tests.hostile_speech import wav
from voicemill.store.results_folder import ResultsFolder
from voicemill.store.tables.items_table import CarriedTypes, items_schema
from voicemill.store.tables.timings_tables import SCHEMAS

Row = dict[str, Any]
RATE_HZ = 8000
_DEFAULTS = {
    "status": "done",
    "op": "tts",
    "model": "sonic-2",
    "language": "en",
    "voice": "sarah",
    "container": "wav",
    "calls": 1,
    "attempts": 1,
    "credits": 30.0,
    "latency_s": 0.8,
    "suspect": [],
    "more_files": [],
    "request_ids": [],
    "made_from": [],
}


def done_row(number: int, text: str = "", **fields: Any) -> Row:
    """A finished row of speech with a usual length and cost."""
    text = text or f"This is sentence number {number} of the book."
    name = f"audio/row-{number:05d}.wav"
    made = {"id": f"row-{number:05d}", "transcript": text, "file_name": name, "out": name, "characters": len(text)}
    return _DEFAULTS | made | {"duration_s": 0.06 * len(text)} | fields


def failed_row(number: int, error_class: str = "transient", message: str = "The service failed.", **fields: Any) -> Row:
    """A row that failed with an error."""
    error = {"status": "failed", "error_class": error_class, "error_code": error_class, "error_message": message}
    ended = {"file_name": None, "duration_s": None, "latency_s": None, "credits": 0.0, "attempts": 5}
    return done_row(number, **error | ended | fields)


def passage(row: Row, number: int = 1, verdict: str = "ok", reason: str = "", **fields: Any) -> Row:
    """A line of `passages.parquet`; with a `reason`, its fault is at 1.5 s to 2 s."""
    why = [{"reason": reason, "start_s": 1.5, "end_s": 2.0, "detail": "A detail."}] if reason else []
    made = {"id": row["id"], "passage": number, "text": row["transcript"], "spoken": row["transcript"], "speaker": ""}
    return made | {"take": 0, "verdict": verdict, "why": why, "score": 1.0, "start_s": 0.0, "end_s": 2.5} | fields


def results_folder(
    path: Path,
    rows: Sequence[Row],
    carried: CarriedTypes | None = None,
    words: Iterable[Mapping[str, Any]] = (),
    passages: Sequence[Row] = (),
) -> ResultsFolder:
    """A results folder as a run leaves it, without audio files and answers."""
    folder = ResultsFolder(path)
    folder.create()
    lines = list(words)
    counts = Counter(line["id"] for line in lines)
    counted = [row | {"words": counts.get(row["id"])} for row in rows]
    pq.write_table(pa.Table.from_pylist(counted, schema=items_schema(carried or {})), folder.items)
    if lines:
        pq.write_table(pa.Table.from_pylist(lines, schema=SCHEMAS["words"]), folder.words)
    if passages:
        pq.write_table(pa.Table.from_pylist(list(passages), schema=SCHEMAS["passages"]), folder.passages)
    folder.run_file.write_text(json.dumps(_run_of(rows, path)))
    folder.metadata.write_text("file_name\n")
    folder.failures.write_text("id\n")
    folder.record_sums()
    return folder


def add_audio(folder: ResultsFolder, row: Row) -> None:
    """Write the recording of a row: a tone that swells."""
    seconds = np.arange(int(row["duration_s"] * RATE_HZ)) / RATE_HZ
    samples = np.sin(2 * np.pi * 220 * seconds) * np.abs(np.sin(3 * seconds)) * 20_000
    path = folder.path / row["file_name"]
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(wav(samples.astype("<i2").tobytes(), RATE_HZ))


def spoken_words(row: Row) -> list[dict[str, Any]]:
    """Word timestamps that spread the words of a row evenly over its audio."""
    words = row["transcript"].split()
    step = row["duration_s"] / len(words)
    return [
        {"id": row["id"], "index": place, "word": word, "start_s": place * step, "end_s": (place + 0.9) * step}
        for place, word in enumerate(words)
    ]


def _run_of(rows: Sequence[Row], path: Path) -> dict[str, Any]:
    counts = dict.fromkeys(("done", "failed", "refused", "not_started"), 0)
    for row in rows:
        counts[row["status"]] += 1
    summary = {
        "rows": counts, "calls_made": len(rows), "calls_reused": 0, "retries": 0, "credits": 30.0 * len(rows),
        "audio_s": 60.0, "transcribed_s": 0.0, "converted_s": 0.0, "seconds": 12.0, "suspect": 0,
        "word_error_rate": None, "exit_code": 0, "reason": "",
    }  # fmt: skip
    about = {"path": str(path / "book.csv"), "rows": len(rows)}
    times = {"started_at": "2026-01-01T10:00:00+00:00", "finished_at": "2026-01-01T10:00:12+00:00"}
    return {
        "manifest": about,
        "service": "https://api.cartesia.ai",
        "summary": summary,
        "settings": {},
        "voices": {"sarah": "Sarah"},
        **times,
    }


def blocks_of(page: Path) -> dict[str, Any]:
    """The data blocks of a page by name."""
    found = re.findall(
        r'<script type="application/octet-stream" id="([\w-]+)">([A-Za-z0-9+/=]*)</script>', page.read_text()
    )
    return {name: json.loads(decompress(b64decode(content))) for name, content in found}


def column_of(block: dict[str, Any], name: str) -> list[Any]:
    """The values of a column in a block of rows."""
    packed = block[name]
    return packed if isinstance(packed, list) else [packed["values"][place] for place in packed["index"]]
