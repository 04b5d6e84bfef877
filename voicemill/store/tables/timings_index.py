"""Find and copy the lines of rows in tables of words, segments and passages.

An index of 28 bytes a row stores their positions, so that no answer is read again for an unchanged row.
"""

from array import array
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray

from voicemill.store import durable_files as durable
from voicemill.store.tables.table_columns import batches
from voicemill.store.tables.table_damage import TableDamaged, table_damage
from voicemill.store.tables.timings_part import TimingsWriter
from voicemill.store.tables.timings_tables import SCHEMAS, Kind

_LINES_PER_WINDOW = 20_000
_CACHED_GROUPS = 8

_Integers = NDArray[np.int64]


class TimingsIndex:
    """The positions of each row's lines in tables of one kind. Later tables win; damaged ones are ignored."""

    def __init__(self, paths: Iterable[Path] = ()) -> None:
        self._paths: list[Path] = []
        found: list[_Positions] = []
        for path in paths:
            positions = _read_positions(path)
            if positions is not None:
                found.append(positions)
                self._paths.append(path)
        hashes = _joined([each.hashes for each in found])
        order = np.argsort(hashes, kind="stable")
        self._hashes = hashes[order]
        self._starts = _joined([each.starts for each in found])[order]
        self._counts = _joined([each.counts for each in found])[order]
        self._tables = np.repeat(np.arange(len(found), dtype=np.int32), [len(each.hashes) for each in found])[order]
        self._group = lru_cache(_CACHED_GROUPS)(self._read_group)
        self._groups = [_group_starts(path) for path in self._paths]

    def count(self, row_id: str) -> int:
        """The number of lines of a row."""
        position = self._position(row_id)
        return 0 if position is None else int(self._counts[position])

    def windows(self, ids: Iterable[str]) -> Iterator[pa.Table]:
        """The lines of these rows, in order, about 20,000 at a time. Raises `TableDamaged`."""
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
        starts, counts = self._starts[row_positions], self._counts[row_positions]
        before = np.cumsum(counts) - counts
        sources = np.repeat(starts - before, counts) + np.arange(counts.sum())
        tables = np.repeat(self._tables[row_positions], counts)
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


class _Positions(NamedTuple):
    """The hash, first line and number of lines of each row in a table; shape (rows,) each."""

    hashes: _Integers
    starts: _Integers
    counts: _Integers


def _joined(columns: Sequence[_Integers]) -> _Integers:
    return np.concatenate([np.empty(0, np.int64), *columns])


def _read_positions(path: Path) -> _Positions | None:
    """The positions of the rows in a table; None for a damaged table."""
    hashes, starts, counts = array("q"), array("q"), array("q")
    line, last = 0, None
    try:
        with table_damage(path), pq.ParquetFile(path) as file:
            for batch in batches(file, ["id"]):
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
    return _Positions(*(np.array(column, np.int64) for column in (hashes, starts, counts)))


def _group_starts(path: Path) -> _Integers:
    with table_damage(path), pq.ParquetFile(path) as file:
        metadata = file.metadata
        sizes = [metadata.row_group(group).num_rows for group in range(metadata.num_row_groups)]
    return np.concatenate(([0], np.cumsum(sizes[:-1], dtype=np.int64)))
