"""The plan of a run on disk: every checked row, in manifest order, so that a shard reads just its own."""

import json
from collections.abc import Iterable, Iterator
from dataclasses import asdict
from functools import cached_property
from itertools import chain
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray

from voicemill.audio.formats import AudioFormat, KeptFormat
from voicemill.model import Op, Recording, Refusal, Row, levels
from voicemill.store import durable_files as durable
from voicemill.store.tables.table_damage import table_damage

_ROWS_PER_GROUP = 2000
_CHARACTERS_PER_GROUP = 8_000_000

_TYPES: dict[str, pa.DataType] = {
    "number": pa.int64(),
    "id": pa.string(),
    "op": pa.string(),
    "transcript": pa.string(),
    "voice": pa.string(),
    "model": pa.string(),
    "language": pa.string(),
    "container": pa.string(),
    "sample_rate": pa.int32(),
    "encoding": pa.string(),
    "bit_rate": pa.int32(),
    "speed": pa.string(),
    "emotion": pa.list_(pa.string()),
    "audio": pa.string(),
    "left_audio": pa.string(),
    "right_audio": pa.string(),
    "text_file": pa.string(),
    "from_s": pa.float64(),
    "to_s": pa.float64(),
    "splice": pa.bool_(),
    "cuts_s": pa.list_(pa.float64()),
    "timestamps": pa.bool_(),
    "output_format": pa.list_(pa.string()),
    "recordings": pa.string(),
    "keeps_format": pa.bool_(),
    "takes": pa.list_(pa.string()),
    "refusal": pa.list_(pa.string()),
    "file_name": pa.string(),
    "carried": pa.string(),
    "calls": pa.int32(),
}
SCHEMA = pa.schema(_TYPES)


class PlanWriter:
    """Writes rows as they are checked, a row group at a time, so that memory stays flat. A context manager."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._partial = durable.new_partial(path)
        with durable.storage_errors(path):
            self._writer = pq.ParquetWriter(self._partial, SCHEMA, compression="zstd")
        self._rows: list[dict[str, Any]] = []
        self._characters = 0

    def append(self, row: Row, calls: int) -> None:
        """Add one row; raises `StorageError` when the disk takes no more."""
        self._rows.append(_record(row, calls))
        self._characters += len(row.transcript)
        if len(self._rows) >= _ROWS_PER_GROUP or self._characters >= _CHARACTERS_PER_GROUP:
            self._flush()

    def _flush(self) -> None:
        if not self._rows:
            return
        with durable.storage_errors(self._path):
            self._writer.write_table(pa.Table.from_pylist(self._rows, SCHEMA))
        self._rows = []
        self._characters = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is not None:
            self._writer.close()
            self._partial.unlink(missing_ok=True)
            return
        self._flush()
        with durable.storage_errors(self._path):
            self._writer.close()
        durable.commit(self._partial, self._path)


class PlanTable:
    """Reads a plan back, in any stretch of rows."""

    def __init__(self, path: Path) -> None:
        self._path = path
        with table_damage(path), pq.ParquetFile(path) as file:
            metadata = file.metadata
            sizes = [metadata.row_group(group).num_rows for group in range(metadata.num_row_groups)]
        self._starts = np.concatenate(([0], np.cumsum(sizes, dtype=np.int64)))

    def __len__(self) -> int:
        return int(self._starts[-1])

    def calls_per_row(self) -> NDArray[np.int64]:
        """How many calls each row needs, shape (rows,)."""
        column = pq.read_table(self._path, columns=["calls"]).column("calls")
        return np.asarray(column.to_numpy(), np.int64)

    @cached_property
    def takes(self) -> dict[str, tuple[str, ...]]:
        """The ids of the rows that take others' outputs, each with those that it takes from."""
        table = pq.read_table(self._path, columns=["id", "takes"])
        table = table.filter(pc.greater(pc.list_value_length(table.column("takes")), pa.scalar(0)))
        return {record["id"]: tuple(record["takes"]) for record in table.to_pylist()}

    @cached_property
    def taken(self) -> frozenset[str]:
        """The ids of the rows whose output others take."""
        return frozenset(chain.from_iterable(self.takes.values()))

    @cached_property
    def levels(self) -> dict[str, int]:
        """How many steps must come before each row that takes others' outputs; the other rows are of level 0."""
        return levels(self.takes)

    def levels_in(self, start: int, stop: int) -> list[int]:
        """The levels of the rows from `start` up to `stop`, each once, the lowest first."""
        if not self.levels:
            return [0]
        return sorted({self.levels.get(row_id, 0) for row_id in self.ids(start, stop)})

    def ids(self, start: int, stop: int) -> list[str]:
        """The ids of the rows from `start` up to `stop`, counted from 0."""
        return [str(row_id) for table in self.records(start, stop) for row_id in table.column("id").to_pylist()]

    def ids_at(self, positions: Iterable[int]) -> dict[int, str]:
        """The ids of single rows, by their position counted from 0."""
        ids: dict[int, str] = {}
        wanted = sorted(set(positions))
        with pq.ParquetFile(self._path) as file:
            for group, first in enumerate(self._starts[:-1].tolist()):
                here = [position for position in wanted if first <= position < self._starts[group + 1]]
                if here:
                    column = file.read_row_group(group, columns=["id"]).column("id")
                    ids.update((position, str(column[position - first])) for position in here)
        return ids

    def records(self, start: int, stop: int, level: int | None = None) -> Iterator[pa.Table]:
        """The rows from `start` up to `stop`, counted from 0, as tables of at most one row group.

        With a `level` those of that level alone.
        """
        with pq.ParquetFile(self._path) as file:
            for group, first in enumerate(self._starts[:-1].tolist()):
                last = int(self._starts[group + 1])
                if first < stop and last > start:
                    table = file.read_row_group(group)
                    yield self._of_level(table.slice(max(0, start - first), min(stop, last) - max(start, first)), level)

    def _of_level(self, table: pa.Table, level: int | None) -> pa.Table:
        if level is None or not self.levels:
            return table
        ids = table.column("id").to_pylist()
        return table.filter(pa.array([self.levels.get(str(row_id), 0) == level for row_id in ids], pa.bool_()))

    def rows(self, start: int, stop: int, level: int | None = None) -> Iterator[tuple[int, Row]]:
        """The rows from `start` up to `stop`, each with its place, counted from 0; with a `level` those of it alone."""
        position = start
        for table in self.records(start, stop):
            for record in table.to_pylist():
                if level is None or self.levels.get(record["id"], 0) == level:
                    yield position, _row(record)
                position += 1


def _record(row: Row, calls: int) -> dict[str, Any]:
    return {
        "number": row.number,
        "id": row.id,
        "op": row.op.value,
        "transcript": row.transcript or None,
        "voice": row.voice_id or None,
        "model": row.model or None,
        "language": row.language or None,
        **_format_record(row.kept_format or row.format),
        "keeps_format": row.kept_format is not None,
        "speed": None if row.speed is None else json.dumps(row.speed),
        "emotion": list(row.emotion),
        **{column: recording and recording.name for column, recording in _recordings(row).items()},
        "from_s": row.from_s,
        "to_s": row.to_s,
        "splice": row.splice if row.op is Op.INFILL else None,
        "cuts_s": list(row.cuts_s),
        "timestamps": row.timestamps,
        "output_format": list(row.text_formats),
        "recordings": json.dumps({column: found and asdict(found) for column, found in _recordings(row).items()}),
        "takes": list(row.takes),
        "refusal": None if row.refusal is None else list(row.refusal),
        "file_name": row.file_name,
        "carried": json.dumps(dict(row.carried), default=str) if row.carried else "{}",
        "calls": calls,
    }


def _recordings(row: Row) -> dict[str, Recording | None]:
    return {"audio": row.audio, "left_audio": row.left, "right_audio": row.right, "text_file": row.text}


def _format_record(format: AudioFormat | KeptFormat | None) -> dict[str, Any]:
    if format is None:
        return dict.fromkeys(("container", "sample_rate", "encoding", "bit_rate"))
    return {
        "container": format.container,
        "sample_rate": format.sample_rate_hz,
        "encoding": format.encoding,
        "bit_rate": format.bit_rate_bps if isinstance(format, AudioFormat) else None,
    }


def _row(record: dict[str, Any]) -> Row:
    recordings = {column: found and Recording(**found) for column, found in json.loads(record["recordings"]).items()}
    kept = _kept_format(record)
    return Row(
        number=record["number"],
        id=record["id"],
        op=Op(record["op"]),
        file_name=record["file_name"],
        transcript=record["transcript"] or "",
        voice_id=record["voice"] or "",
        model=record["model"] or "",
        language=record["language"] or "",
        format=kept.asked if kept else _format(record),
        kept_format=kept,
        speed=None if record["speed"] is None else json.loads(record["speed"]),
        emotion=tuple(record["emotion"]),
        audio=recordings["audio"],
        left=recordings["left_audio"],
        right=recordings["right_audio"],
        text=recordings["text_file"],
        from_s=record["from_s"],
        to_s=record["to_s"],
        splice=record["splice"] is not False,
        cuts_s=tuple(record["cuts_s"]),
        timestamps=record["timestamps"],
        text_formats=tuple(record["output_format"]),
        refusal=None if record["refusal"] is None else Refusal(*record["refusal"]),
        carried=json.loads(record["carried"]),
    )


def _kept_format(record: dict[str, Any]) -> KeptFormat | None:
    if not record["keeps_format"]:
        return None
    return KeptFormat(record["container"], record["sample_rate"], record["encoding"])


def _format(record: dict[str, Any]) -> AudioFormat | None:
    if record["container"] is None:
        return None
    return AudioFormat(record["container"], record["sample_rate"], record["encoding"], record["bit_rate"])
