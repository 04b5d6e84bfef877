"""Whole columns of Parquet tables, read in batches.

`pyarrow.parquet.read_table` does the same with Arrow's dataset library, which takes 40 MB of memory once it is loaded.
"""

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray

from voicemill.store.tables.table_damage import table_damage

ROWS_PER_BATCH: Final = 5_000


def batches(
    file: pq.ParquetFile,
    columns: Sequence[str] | None = None,
    most_rows: int = ROWS_PER_BATCH,
    groups: Iterable[int] | None = None,
) -> Iterator[pa.RecordBatch]:
    """Some columns of an open table (default: all), of some row groups (default: all), in order.

    `iter_batches` is called for each row group: for 200 of them at once it takes 45 MB.
    """
    names = None if columns is None else list(columns)
    for group in range(file.num_row_groups) if groups is None else groups:
        yield from file.iter_batches(batch_size=most_rows, row_groups=[group], columns=names)


def batches_of(path: Path, names: Sequence[str]) -> Iterator[pa.RecordBatch]:
    """Some columns of a table, at most 5,000 rows at a time. Raises `TableDamaged`."""
    with table_damage(path), pq.ParquetFile(path) as file:
        yield from batches(file, names)


def with_value(batch: pa.RecordBatch, column: str, values: Sequence[str]) -> pa.RecordBatch:
    """The rows of a batch in which a column has one of these values."""
    return batch.filter(pc.is_in(batch.column(column), pa.array(values, pa.string())))


def number_column(path: Path, name: str) -> NDArray[np.float64]:
    """The values of a numeric column, NaN for nulls; shape (rows,). Raises `TableDamaged`."""
    with table_damage(path):
        values, start = np.empty(pq.read_metadata(path).num_rows), 0
        for batch in batches_of(path, [name]):
            numbers = batch.column(0).cast(pa.float64())
            values[start : start + len(batch)] = numbers.to_numpy(zero_copy_only=False)
            start += len(batch)
    return values
