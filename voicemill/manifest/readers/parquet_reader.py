"""Read Parquet in batches of rows, and turn Arrow's errors into `Unreadable`."""

from collections.abc import Iterator
from contextlib import contextmanager
from io import BufferedReader
from typing import TYPE_CHECKING, Final

from voicemill.manifest.readers.byte_source import Source
from voicemill.manifest.readers.manifest_line import Line, Unreadable

if TYPE_CHECKING:
    import pyarrow as pa
    import pyarrow.parquet as pq

_BATCH_ROWS: Final = 512


class ParquetReader:
    """A Parquet file; its cells keep their types."""

    lines_above = 0
    dialect = ""
    decimal_comma = False

    def __init__(self, source: Source) -> None:
        self._source = source
        with source.open() as file, _parquet(file) as parquet:
            self.columns: tuple[str, ...] = tuple(parquet.schema_arrow.names)

    def lines(self) -> Iterator[Line]:
        """The rows in order."""
        for number, cells in enumerate(self._cells(), start=1):
            yield Line(number, 0, cells)

    def _cells(self) -> Iterator[tuple[object, ...]]:
        with self._source.open() as file, _parquet(file) as parquet:
            batches = parquet.iter_batches(batch_size=_BATCH_ROWS, use_threads=False)
            done = 0
            while (rows := _next_rows(batches, done)) is not None:
                yield from rows
                done += len(rows)


@contextmanager
def _parquet(file: BufferedReader) -> "Iterator[pq.ParquetFile]":
    import pyarrow.parquet as pq  # only if a manifest needs it: it takes long to import

    try:
        parquet = pq.ParquetFile(file)
    except Exception as error:
        raise _broken(error) from None
    with parquet:
        yield parquet


def _next_rows(batches: "Iterator[pa.RecordBatch]", done: int) -> list[tuple[object, ...]] | None:
    try:
        batch = next(batches, None)
        return None if batch is None else list(zip(*(column.to_pylist() for column in batch.columns), strict=True))
    except Exception as error:
        raise _broken(error, done + 1) from None


def _broken(error: Exception, row: int = 0) -> Unreadable:
    """The error of a damaged file, for which Arrow raises its own errors, `OSError`, `ValueError` and others."""
    reason = " ".join(str(error).split())[:200]
    if "crypt" in reason:
        return Unreadable("this Parquet file is encrypted; write it again without encryption")
    where = f"from about row {row} on, " if row else ""
    return Unreadable(f"{where}this Parquet file cannot be read ({reason}); copy or write it again")
