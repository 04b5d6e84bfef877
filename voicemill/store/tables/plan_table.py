"""The plan of a run on disk: every checked row, in manifest order. A shard reads only its own rows."""

from collections.abc import Iterable, Iterator
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

from voicemill.model import Row, levels
from voicemill.store import durable_files as durable
from voicemill.store.tables.row_codec import SCHEMA, decode_row, encode_row
from voicemill.store.tables.row_ranges import RowRanges
from voicemill.store.tables.table_columns import batches_of, number_column

_ROWS_PER_GROUP = 2000
_CHARACTERS_PER_GROUP = 8_000_000


class PlanWriter:
    """A context manager that writes rows as they are checked, a row group at a time, so that memory stays constant."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._partial = durable.new_partial(path)
        with durable.storage_errors(path):
            self._writer = pq.ParquetWriter(self._partial, SCHEMA, compression="zstd")
        self._rows: list[dict[str, Any]] = []
        self._characters = 0

    def append(self, row: Row, calls: int) -> None:
        """Add one row and the number of its calls. Raises `StorageError`."""
        record = encode_row(row, calls)
        self._rows.append(record)
        self._characters += len(record["transcript"] or "")
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
    """A plan on disk; reads any range of its rows."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._ranges = RowRanges(path)

    def __len__(self) -> int:
        return len(self._ranges)

    def calls_per_row(self) -> NDArray[np.int64]:
        """The number of calls of each row, shape (rows,)."""
        return number_column(self._path, "calls").astype(np.int64)

    @cached_property
    def dependencies(self) -> dict[str, tuple[str, ...]]:
        """The ids of the dependent rows, each with the ids of the rows whose output it uses."""
        return {
            record["id"]: tuple(record["takes"])
            for batch in batches_of(self._path, ["id", "takes"])
            for record in batch.filter(
                pc.greater(pc.list_value_length(batch.column("takes")), pa.scalar(0))
            ).to_pylist()
        }

    @cached_property
    def used_ids(self) -> frozenset[str]:
        """The ids of the rows whose output other rows use."""
        return frozenset(chain.from_iterable(self.dependencies.values()))

    @cached_property
    def levels(self) -> dict[str, int]:
        """The level of each dependent row: one above the highest level among its inputs; other rows are at level 0."""
        return levels(self.dependencies)

    def levels_in(self, start: int, stop: int) -> list[int]:
        """The different levels of the rows from `start` up to `stop`, ascending."""
        if not self.levels:
            return [0]
        return sorted({self.levels.get(row_id, 0) for row_id in self.ids(start, stop)})

    def ids(self, start: int, stop: int) -> list[str]:
        """The ids of the rows from `start` up to `stop`, counted from 0."""
        tables = self._ranges.read(start, stop, ["id"])
        return [str(row_id) for table in tables for row_id in table.column("id").to_pylist()]

    def ids_at(self, positions: Iterable[int]) -> dict[int, str]:
        """The ids of single rows, by their position counted from 0."""
        return {position: str(row_id) for position, row_id in self._ranges.values_at("id", positions)}

    def records(self, start: int, stop: int, level: int | None = None) -> Iterator[pa.Table]:
        """The rows from `start` up to `stop`, counted from 0, as tables of at most one row group.

        With `level`, only the rows of that level.
        """
        return (self._of_level(table, level) for table in self._ranges.read(start, stop))

    def _of_level(self, table: pa.Table, level: int | None) -> pa.Table:
        if level is None or not self.levels:
            return table
        ids = table.column("id").to_pylist()
        return table.filter(pa.array([self.levels.get(str(row_id), 0) == level for row_id in ids], pa.bool_()))

    def rows(self, start: int, stop: int, level: int | None = None) -> Iterator[tuple[int, Row]]:
        """The rows from `start` up to `stop` with their positions from 0; with `level`, only the rows of that level."""
        position = start
        for table in self.records(start, stop):
            for record in table.to_pylist():
                if level is None or self.levels.get(record["id"], 0) == level:
                    yield position, decode_row(record)
                position += 1
