"""Ranges of rows of a Parquet table, by position. Only the row groups of a range are read."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from voicemill.store.tables.table_damage import table_damage


class RowRanges:
    """The rows of a table, by their positions from 0. Its footer is read once. Raises `TableDamaged`."""

    def __init__(self, path: Path) -> None:
        self._path = path
        with table_damage(path):
            self._metadata = pq.read_metadata(path)
            sizes = [self._metadata.row_group(group).num_rows for group in range(self._metadata.num_row_groups)]
        self._starts = np.concatenate(([0], np.cumsum(sizes, dtype=np.int64)))

    def __len__(self) -> int:
        return int(self._starts[-1])

    def read(self, start: int, stop: int, columns: Sequence[str] | None = None) -> Iterator[pa.Table]:
        """The rows from `start` up to `stop`, as tables of at most one row group."""
        if start >= stop:
            return
        first_group = int(np.searchsorted(self._starts, start, side="right")) - 1
        stop_group = int(np.searchsorted(self._starts, min(stop, len(self)), side="left"))
        with pq.ParquetFile(self._path, metadata=self._metadata) as file:
            for group in range(first_group, stop_group):
                first, last = int(self._starts[group]), int(self._starts[group + 1])
                table = file.read_row_group(group, columns=None if columns is None else list(columns))
                yield table.slice(max(0, start - first), min(stop, last) - max(start, first))

    def values_at(self, column: str, positions: Iterable[int]) -> Iterator[tuple[int, Any]]:
        """The values of a column in single rows, with their positions. Each row group is read once."""
        wanted = sorted(set(positions))
        groups = (np.searchsorted(self._starts, wanted, side="right") - 1).tolist()
        with pq.ParquetFile(self._path, metadata=self._metadata) as file:
            for group, found in groupby(zip(groups, wanted, strict=True), key=itemgetter(0)):
                values = file.read_row_group(group, columns=[column]).column(column)
                first = int(self._starts[group])
                yield from ((position, values[position - first].as_py()) for _, position in found)
