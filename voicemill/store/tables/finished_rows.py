"""The files of finished rows in `items.parquet`, by the position of the rows."""

from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from typing import Any, NamedTuple

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from voicemill.model import Status
from voicemill.store import durable_files as durable
from voicemill.store.tables.items_table import NUMBER
from voicemill.store.tables.plan_table import PlanTable
from voicemill.store.tables.row_ranges import RowRanges
from voicemill.store.tables.table_damage import table_damage

_COLUMNS = ("status", "file_name", "size_bytes", "sha256", "more_files")


class FileRecord(NamedTuple):
    """A file as a table records it."""

    name: str
    size_bytes: int
    sha256: str


class FinishedRows:
    """Reads any range of rows of `items.parquet`. Raises `TableDamaged`."""

    def __init__(self, items: Path) -> None:
        self._path = items
        self._ranges = RowRanges(items)

    def files(self, start: int, stop: int) -> Iterator[FileRecord] | None:
        """The files of the rows from `start` up to `stop`, counted from 0; None unless all of them are done."""
        with table_damage(self._path):
            tables = list(self._ranges.read(start, stop, _COLUMNS))
        are_done = (pc.all(pc.equal(table.column("status"), pa.scalar(Status.DONE.value))).as_py() for table in tables)
        if sum(map(len, tables)) < stop - start or not all(are_done):
            return None
        return chain.from_iterable(map(_files, tables))

    def write_part(self, path: Path, start: int, stop: int, plan: PlanTable) -> None:
        """Write the rows from `start` up to `stop` as the part of a shard. Raises `StorageError`."""
        with table_damage(self._path):
            table = pa.concat_tables(self._ranges.read(start, stop))
        numbers = pa.concat_tables(plan.records(start, stop)).column("number")
        sink = pa.BufferOutputStream()
        pq.write_table(table.append_column(NUMBER, numbers), sink, compression="zstd")
        durable.write_file(path, sink.getvalue().to_pybytes())


def _files(table: pa.Table) -> Iterator[FileRecord]:
    columns = (table.column(name).to_pylist() for name in ("file_name", "size_bytes", "sha256"))
    yield from map(FileRecord, *columns)
    more: list[Any] = pc.list_flatten(table.column("more_files")).to_pylist()
    yield from (FileRecord(made["file_name"], made["size_bytes"], made["sha256"]) for made in more)
