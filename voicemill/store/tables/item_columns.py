"""The columns of `items.parquet` and of the word timings, for readers that need them without a record for each row."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from voicemill.store.tables.table_columns import batches, batches_of
from voicemill.store.tables.table_damage import table_damage

Columns = dict[str, list[Any]]


class WordsOfRow(NamedTuple):
    """The words of a row with their starts and ends in milliseconds."""

    id: str
    words: list[str]
    starts_ms: list[int]
    ends_ms: list[int]

    def joined(self, more: "WordsOfRow") -> "WordsOfRow":
        """These words, and more words of the same row."""
        return WordsOfRow(
            self.id, self.words + more.words, self.starts_ms + more.starts_ms, self.ends_ms + more.ends_ms
        )


def count_rows(path: Path) -> int:
    """The number of rows. Raises `TableDamaged`."""
    with table_damage(path):
        return int(pq.read_metadata(path).num_rows)


def column_types(path: Path) -> dict[str, str]:
    """The Arrow type of each column by name, in table order. Raises `TableDamaged`."""
    with table_damage(path):
        return {field.name: str(field.type) for field in pq.read_schema(path)}


def text_batches(path: Path, names: Sequence[str]) -> Iterator[Columns]:
    """The values of some columns, 5,000 rows at a time; None in columns that an earlier version did not have.

    As Python objects a million rows would take a gigabyte. Raises `TableDamaged`.
    """
    with table_damage(path), pq.ParquetFile(path) as file:
        present = [name for name in names if name in file.schema_arrow.names]
        for batch in batches(file, present):
            absent: list[Any] = [None] * batch.num_rows
            yield {name: batch.column(name).to_pylist() if name in present else absent for name in names}


def ids_with_value(path: Path, column: str) -> Iterator[str]:
    """Stream the ids of rows in which a column is not null, in table order. Raises `TableDamaged`."""
    with table_damage(path):
        for batch in batches_of(path, ["id", column]):
            yield from map(str, batch.filter(pc.is_valid(batch.column(column))).column("id").to_pylist())


def words_by_row(path: Path) -> Iterator[WordsOfRow]:
    """Stream the words of each row that has some, in table order. Raises `TableDamaged`."""
    found: WordsOfRow | None = None
    with table_damage(path), pq.ParquetFile(path) as file:
        for batch in batches(file, ["id", "word", "start_s", "end_s"], 50_000):
            for part in _runs(batch):
                if found is not None and found.id == part.id:
                    found = found.joined(part)
                else:
                    if found is not None:
                        yield found
                    found = part
    if found is not None:
        yield found


def _runs(batch: pa.RecordBatch) -> Iterator[WordsOfRow]:
    encoded = pc.run_end_encode(batch.column("id"))  # type: ignore[attr-defined]
    words: list[Any] = batch.column("word").to_pylist()
    starts, ends = (_milliseconds(batch.column(name)) for name in ("start_s", "end_s"))
    start = 0
    for row_id, stop in zip(encoded.values.to_pylist(), encoded.run_ends.to_pylist(), strict=True):
        yield WordsOfRow(str(row_id), words[start:stop], starts[start:stop], ends[start:stop])
        start = stop


def _milliseconds(column: "pa.Array[Any]") -> list[int]:
    seconds = np.asarray(column.to_numpy(zero_copy_only=False), np.float64)
    return [int(value) for value in np.nan_to_num(seconds * 1000).round()]
