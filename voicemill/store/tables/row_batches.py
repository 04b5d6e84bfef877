"""The rows of a table in batches of equal size, which hold the columns as Arrow does until their values are needed."""

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from voicemill.store.tables.item_columns import Columns
from voicemill.store.tables.table_columns import batches
from voicemill.store.tables.table_damage import table_damage


class RowBatch:
    """Some rows of a table, with all columns. As Python objects they would take ten times the memory."""

    def __init__(self, table: pa.Table) -> None:
        self._table = table

    def __len__(self) -> int:
        return int(self._table.num_rows)

    @property
    def names(self) -> list[str]:
        """The names of the columns, in table order."""
        return list(self._table.column_names)

    def rows(self, places: Sequence[int]) -> "RowBatch":
        """The rows at some positions in this batch."""
        return RowBatch(self._table.take(pa.array(places, pa.int64())))

    def has_values(self, name: str) -> bool:
        """Whether a column has a value other than null."""
        return bool(self._table.column(name).null_count < len(self))

    def values(self, names: Iterable[str]) -> Columns:
        """The values of some columns, with moments as ISO 8601 text."""
        return {name: _values(self._table.column(name)) for name in names}


def row_batches(path: Path, most_rows: int) -> Iterator[RowBatch]:
    """Exactly `most_rows` rows at a time, except for the last rows. Raises `TableDamaged`."""
    with table_damage(path), pq.ParquetFile(path) as file:
        yield from map(RowBatch, _even_batches(file, most_rows))


def _even_batches(file: pq.ParquetFile, most_rows: int) -> Iterator[pa.Table]:
    """Arrow itself ends a batch at each row group."""
    waiting: list[pa.RecordBatch] = []
    for batch in batches(file, most_rows=most_rows):
        waiting.append(batch)
        if sum(map(len, waiting)) >= most_rows:
            table = pa.Table.from_batches(waiting)
            yield table.slice(0, most_rows)
            rest = table.slice(most_rows)
            waiting = rest.to_batches() if len(rest) else []
    if waiting:
        yield pa.Table.from_batches(waiting)


def _values(column: "pa.ChunkedArray[Any]") -> list[Any]:
    is_moment = pa.types.is_timestamp(column.type)
    shown: Any = pc.strftime(column, format="%Y-%m-%dT%H:%M:%SZ") if is_moment else column
    values: list[Any] = shown.to_pylist()
    return values
