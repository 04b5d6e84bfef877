"""The words, segments and passages that a shard writes, and the writer of such tables."""

import threading
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from voicemill.model import Passage, Transcript
from voicemill.store import durable_files as durable
from voicemill.store.tables.timings_tables import SCHEMAS, Kind

_BUFFERED_LINES = 10_000
_LINES_PER_GROUP = 50_000

Columns = dict[str, Sequence[Any]]


class TimingsPart:
    """The words, segments and passages of one shard. No table is written of which no row has lines."""

    def __init__(self, parts: Path, name: str) -> None:
        self._writers = {kind: TimingsWriter(parts / kind / name, kind) for kind in SCHEMAS}
        self._buffers = {kind: _no_lines(kind) for kind in SCHEMAS}
        self._kinds_with_rows: set[Kind] = set()
        self._lock = threading.Lock()

    def add(self, row_id: str, transcript: Transcript) -> None:
        """Add the words and segments of one row. Thread-safe. Raises `StorageError`."""
        self._add({"words": _words(row_id, transcript), "segments": _segments(row_id, transcript)})

    def add_passages(self, row_id: str, passages: Sequence[Passage]) -> None:
        """Add the checked passages of one row. Thread-safe. Raises `StorageError`."""
        self._add({"passages": _passages(row_id, passages)})

    def writes_when_adding(self, kind: Kind, lines: int) -> bool:
        """Whether adding this number of lines writes to disk, so that it belongs in a thread."""
        return len(self._buffers[kind]["id"]) + lines >= _BUFFERED_LINES

    def _add(self, lines: Mapping[Kind, Columns]) -> None:
        with self._lock:
            self._kinds_with_rows |= lines.keys()
            for kind, columns in lines.items():
                for name, values in columns.items():
                    self._buffers[kind][name] += values
                if len(self._buffers[kind]["id"]) >= _BUFFERED_LINES:
                    self._flush(kind)

    def _flush(self, kind: Kind) -> None:
        self._writers[kind].write(pa.table(self._buffers[kind], SCHEMAS[kind]))
        self._buffers[kind] = _no_lines(kind)

    def commit(self) -> None:
        """Make them durable; call it before a table lists the rows as done. Raises `StorageError`."""
        for kind, writer in self._writers.items():
            if kind in self._kinds_with_rows:
                self._flush(kind)
                writer.commit()


class TimingsWriter:
    """A table of one kind, written group by group. It exists after `commit`, if anything was written."""

    def __init__(self, path: Path, kind: Kind) -> None:
        self._path = path
        self._schema = SCHEMAS[kind]
        self._partial: Path | None = None
        self._writer: pq.ParquetWriter | None = None

    def write(self, lines: pa.Table) -> None:
        """Append lines; an empty table is written too."""
        with durable.storage_errors(self._path):
            if self._writer is None:
                durable.make_folder(self._path.parent)
                self._partial = durable.new_partial(self._path)
                self._writer = pq.ParquetWriter(self._partial, self._schema, compression="zstd")
            self._writer.write_table(lines.combine_chunks(), row_group_size=_LINES_PER_GROUP)

    def close(self) -> Path | None:
        """Close the table and return its partial path, None if nothing was written."""
        if self._writer is not None:
            with durable.storage_errors(self._path):
                self._writer.close()
        return self._partial

    def commit(self) -> None:
        """Give the table its final name, durably."""
        partial = self.close()
        if partial is not None:
            durable.commit(partial, self._path)


def _no_lines(kind: Kind) -> dict[str, list[Any]]:
    return {name: [] for name in SCHEMAS[kind].names}


def _words(row_id: str, transcript: Transcript) -> Columns:
    words = transcript.words
    return {
        "id": [row_id] * len(words),
        "index": range(len(words)),
        "word": [word.word.strip() for word in words],
        "start_s": [word.start_s for word in words],
        "end_s": [word.end_s for word in words],
    }


def _segments(row_id: str, transcript: Transcript) -> Columns:
    segments = transcript.segments
    return {
        "id": [row_id] * len(segments),
        "index": range(len(segments)),
        "start_s": [segment.start_s for segment in segments],
        "end_s": [segment.end_s for segment in segments],
        "text": [segment.text for segment in segments],
    }


def _passages(row_id: str, passages: Sequence[Passage]) -> Columns:
    return {
        "id": [row_id] * len(passages),
        "passage": [passage.number for passage in passages],
        "text": [passage.text for passage in passages],
        "spoken": [passage.spoken for passage in passages],
        "speaker": [passage.speaker for passage in passages],
        "take": [passage.take for passage in passages],
        "verdict": [passage.verdict.state for passage in passages],
        "why": [[asdict(finding) for finding in passage.verdict.findings] for passage in passages],
        "score": [passage.verdict.score for passage in passages],
        "start_s": [passage.start_s for passage in passages],
        "end_s": [passage.end_s for passage in passages],
    }
