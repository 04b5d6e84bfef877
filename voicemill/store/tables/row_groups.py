"""Find rows by id in Parquet tables, so that only their row groups are read."""

from collections.abc import Hashable, Iterable, Iterator, Sequence
from functools import lru_cache
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from voicemill.store.tables.table_damage import READ_ERRORS


def tables_with(ids: Sequence[str], paths: Sequence[Path], columns: Iterable[str]) -> Iterator[tuple[Path, pa.Table]]:
    """The row groups that hold some of the rows `ids`, with those of `columns` that they have, in the order of `paths`.

    The row groups hold other rows as well. Damaged tables are left out.
    """
    wanted = list(columns)
    for path, metadata, group in _groups_of_rows(ids, paths):
        try:
            with pq.ParquetFile(path, metadata=metadata) as file:
                names = [name for name in wanted if name in file.schema_arrow.names]
                yield path, file.read_row_group(group, columns=names)
        except READ_ERRORS:
            continue


def _groups_of_rows(ids: Sequence[str], paths: Sequence[Path]) -> list[tuple[Path, pq.FileMetaData, int]]:
    found = [(path, written_ns) for path in paths if (written_ns := _written_ns(path)) is not None]
    if len(found) == 1 and (only := _only_row_group(found[0][0])):
        return [only]
    return _index(tuple(found)).groups_of(ids) if found else []


def _written_ns(path: Path) -> int | None:
    try:
        return path.stat().st_mtime_ns
    except OSError:
        return None


def _only_row_group(path: Path) -> tuple[Path, pq.FileMetaData, int] | None:
    """The row group of a table that has only one: such a table needs no index."""
    try:
        metadata = pq.read_metadata(path)
    except READ_ERRORS:
        return None
    return (path, metadata, 0) if metadata.num_row_groups == 1 else None


@lru_cache(maxsize=2)
def _index(tables: tuple[tuple[Path, int], ...]) -> "_RowIndex":
    """The index of these tables, each with its modification time."""
    return _RowIndex([path for path, _ in tables])


class _RowIndex:
    """The row group of every row of some tables: 12 bytes a row, by the hash of its id."""

    def __init__(self, paths: Sequence[Path]) -> None:
        self._groups: list[tuple[Path, pq.FileMetaData, int]] = []
        hashes: list[NDArray[np.int64]] = [np.empty(0, np.int64)]
        for path in paths:
            try:
                hashes += self._read(path)
            except READ_ERRORS:
                continue
        sizes = [len(each) for each in hashes[1:]]
        everything = np.concatenate(hashes)
        order = np.argsort(everything, kind="stable")
        self._hashes = everything[order]
        self._numbers = np.repeat(np.arange(len(sizes), dtype=np.int32), sizes)[order]

    def _read(self, path: Path) -> list[NDArray[np.int64]]:
        """The hashes of the ids of each row group of a table."""
        found = []
        with pq.ParquetFile(path) as file:
            for group in range(file.num_row_groups):
                ids = file.read_row_group(group, columns=["id"]).column("id").to_pylist()
                found.append(hashes_of(ids))
            self._groups += [(path, file.metadata, group) for group in range(file.num_row_groups)]
        return found

    def groups_of(self, ids: Sequence[str]) -> list[tuple[Path, pq.FileMetaData, int]]:
        """The row groups with these rows, in the order of the tables."""
        wanted = hashes_of(ids)
        first = np.searchsorted(self._hashes, wanted, side="left")
        stop = np.searchsorted(self._hashes, wanted, side="right")
        numbers: set[int] = set()
        for nth in range(int((stop - first).max(initial=0))):  # once for each table that has the row
            numbers.update(np.unique(self._numbers[(first + nth)[first + nth < stop]]).tolist())
        return [self._groups[number] for number in sorted(numbers)]


def hashes_of(values: Sequence[Hashable]) -> NDArray[np.int64]:
    """The hash of each value, shape (values,); equal in one process only."""
    return np.fromiter(map(hash, values), np.int64, len(values))
