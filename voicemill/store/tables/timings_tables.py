"""Tables with many lines for each row: `words.parquet`, `segments.parquet` and `passages.parquet`.

During a run each shard writes the lines of its rows in the order in which they finish. Publishing copies the lines,
from there or from the table of an earlier run, into manifest order. An index of 32 bytes a row stores their positions,
so that no answer is read again for an unchanged row.
"""

import threading
from array import array
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict
from functools import lru_cache
from pathlib import Path
from typing import Any, Final, Literal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from voicemill.model import Passage, Transcript
from voicemill.store import durable_files as durable
from voicemill.store.tables.table_damage import TableDamaged, table_damage

Kind = Literal["words", "segments", "passages"]

_WORD_TYPES: dict[str, pa.DataType] = {
    "id": pa.string(),
    "index": pa.int32(),
    "word": pa.string(),
    "start_s": pa.float64(),
    "end_s": pa.float64(),
}
_SEGMENT_TYPES: dict[str, pa.DataType] = {
    "id": pa.string(),
    "index": pa.int32(),
    "start_s": pa.float64(),
    "end_s": pa.float64(),
    "text": pa.string(),
}
_FINDING = pa.struct(
    [("reason", pa.string()), ("start_s", pa.float64()), ("end_s", pa.float64()), ("detail", pa.string())]
)
_PASSAGE_TYPES: dict[str, pa.DataType] = {
    "id": pa.string(),
    "passage": pa.int32(),
    "text": pa.string(),
    "spoken": pa.string(),
    "speaker": pa.string(),
    "take": pa.int32(),
    "verdict": pa.string(),
    "why": pa.list_(_FINDING),
    "score": pa.float64(),
    "start_s": pa.float64(),
    "end_s": pa.float64(),
}
SCHEMAS: Final[dict[Kind, pa.Schema]] = {
    "words": pa.schema(_WORD_TYPES),
    "segments": pa.schema(_SEGMENT_TYPES),
    "passages": pa.schema(_PASSAGE_TYPES),
}
_BUFFERED_LINES = 10_000
_LINES_PER_GROUP = 50_000
_LINES_PER_WINDOW = 50_000
_CACHED_GROUPS = 8

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


class TimingsIndex:
    """The positions of each row's lines in tables of one kind. Later tables win; damaged ones are ignored."""

    def __init__(self, paths: Iterable[Path] = ()) -> None:
        self._paths: list[Path] = []
        found = [array("q") for _ in range(4)]
        for path in paths:
            columns = _read_index(path)
            if columns is not None:
                numbers = array("q", [len(self._paths)] * len(columns[0]))
                self._paths.append(path)
                for whole, column in zip(found, (*columns, numbers), strict=True):
                    whole.extend(column)
        order = np.argsort(np.array(found[0], np.int64), kind="stable")
        self._hashes, self._starts, self._counts, self._tables = (np.array(column, np.int64)[order] for column in found)
        self._group = lru_cache(_CACHED_GROUPS)(self._read_group)
        self._groups = [_group_starts(path) for path in self._paths]

    def count(self, row_id: str) -> int:
        """The number of lines of a row."""
        position = self._position(row_id)
        return 0 if position is None else int(self._counts[position])

    def windows(self, ids: Iterable[str]) -> Iterator[pa.Table]:
        """The lines of these rows, in order, about 50,000 at a time. Raises `TableDamaged`."""
        names: list[str] = []
        row_positions: list[int] = []
        lines = 0
        for row_id in ids:
            position = self._position(row_id)
            if position is not None:
                names.append(row_id)
                row_positions.append(position)
                lines += int(self._counts[position])
            if lines >= _LINES_PER_WINDOW:
                yield self._window(names, row_positions)
                names, row_positions, lines = [], [], 0
        if row_positions:
            yield self._window(names, row_positions)

    def _window(self, names: list[str], row_positions: list[int]) -> pa.Table:
        """The lines of the rows at these positions. Each row group is read once, whatever the order of the rows."""
        starts, counts, numbers = (column[row_positions] for column in (self._starts, self._counts, self._tables))
        before = np.cumsum(counts) - counts
        sources = np.repeat(starts - before, counts) + np.arange(counts.sum())
        tables = np.repeat(numbers, counts)
        parts, positions = [], []
        for number in np.unique(tables):
            here = np.flatnonzero(tables == number)
            groups = np.searchsorted(self._groups[number], sources[here], side="right") - 1
            for group in np.unique(groups):
                wanted = here[groups == group]
                within = sources[wanted] - self._groups[number][group]
                parts.append(self._group(int(number), int(group)).take(pa.array(within)))
                positions.append(wanted)
        lines = pa.concat_tables(parts).take(np.argsort(np.concatenate(positions)))
        expected = pa.array(names, pa.string()).take(np.repeat(np.arange(len(names)), counts))
        if not lines.column("id").combine_chunks().equals(expected):
            raise TableDamaged(self._paths[int(tables[0])])
        return lines

    def _position(self, row_id: str) -> int | None:
        wanted = hash(row_id)
        position = int(np.searchsorted(self._hashes, wanted, side="right")) - 1
        return position if position >= 0 and self._hashes[position] == wanted else None

    def _read_group(self, number: int, group: int) -> pa.Table:
        path = self._paths[number]
        with table_damage(path), pq.ParquetFile(path) as file:
            return file.read_row_group(group)


class Timings:
    """The words, segments and passages in the tables of earlier runs and of this one."""

    def __init__(
        self, words: Iterable[Path] = (), segments: Iterable[Path] = (), passages: Iterable[Path] = ()
    ) -> None:
        paths: dict[Kind, Iterable[Path]] = {"words": words, "segments": segments, "passages": passages}
        self._indexes = {kind: TimingsIndex(found) for kind, found in paths.items()}

    def has(self, row_id: str, words: int) -> bool:
        """Whether the tables have this number of words of a row, and its segments."""
        has_words = self._indexes["words"].count(row_id) == words
        return has_words and (not words or self._indexes["segments"].count(row_id) > 0)

    def has_passages(self, row_id: str) -> bool:
        """Whether the tables have the checked passages of a row."""
        return self._indexes["passages"].count(row_id) > 0

    def publish(self, kind: Kind, ids: Iterable[str], path: Path) -> bool:
        """Write the lines of these rows, in order, as one table; True if the file changed. Raises `StorageError`."""
        writer = TimingsWriter(path, kind)
        writer.write(SCHEMAS[kind].empty_table())
        for lines in self._indexes[kind].windows(ids):
            writer.write(lines)
        partial = writer.close()
        assert partial is not None
        return durable.replace_if_changed(partial, path)


def read_timings(path: Path) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """Stream the id and the lines of each row, in table order. Raises `TableDamaged`."""
    row_id: str | None = None
    lines: list[dict[str, Any]] = []
    with table_damage(path), pq.ParquetFile(path) as file:
        for batch in file.iter_batches(batch_size=10_000):
            for line in batch.to_pylist():
                if line["id"] != row_id and row_id is not None:
                    yield row_id, lines
                    lines = []
                row_id = line["id"]
                lines.append(line)
    if row_id is not None:
        yield row_id, lines


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


def _read_index(path: Path) -> "tuple[array[int], array[int], array[int]] | None":
    """The hash, first line and number of lines of each row in a table; None for a damaged table."""
    hashes, starts, counts = array("q"), array("q"), array("q")
    line, last = 0, None
    try:
        with table_damage(path), pq.ParquetFile(path) as file:
            for batch in file.iter_batches(columns=["id"]):
                encoded = pc.run_end_encode(batch.column(0))  # type: ignore[attr-defined]
                reached = 0
                for row_id, end in zip(encoded.values.to_pylist(), encoded.run_ends.to_pylist(), strict=True):
                    if row_id == last:
                        counts[-1] += end - reached
                    else:
                        hashes.append(hash(row_id))
                        starts.append(line + reached)
                        counts.append(end - reached)
                    last, reached = row_id, end
                line += len(batch)
    except TableDamaged:
        return None
    return hashes, starts, counts


def _group_starts(path: Path) -> "np.ndarray[tuple[int], np.dtype[np.int64]]":
    with table_damage(path), pq.ParquetFile(path) as file:
        metadata = file.metadata
        sizes = [metadata.row_group(group).num_rows for group in range(metadata.num_row_groups)]
    return np.concatenate(([0], np.cumsum(sizes[:-1], dtype=np.int64)))


def timings_paths(kind: Kind, published: Sequence[Path], parts: Path) -> list[Path]:
    """The tables of one kind from which a run may copy lines: the published one, then parts in writing order."""
    found = sorted(parts.glob(f"*/{kind}/*.parquet"), key=lambda path: (path.stat().st_mtime_ns, path))
    return [*published, *found]
