"""The tables of words, segments and passages: read those of earlier runs, and publish new ones."""

from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from typing import Final

from voicemill.store import durable_files as durable
from voicemill.store.results_folder import ResultsFolder
from voicemill.store.tables.item_columns import ids_with_value
from voicemill.store.tables.items_table import read_items
from voicemill.store.tables.timings_index import Timings
from voicemill.store.tables.timings_tables import SCHEMAS, Kind, timings_paths
from voicemill.text.word_error_rate import tokens

_COUNTED_IN: Final[dict[Kind, str]] = {"words": "words", "segments": "words", "passages": "verdict"}
"""The column of `items.parquet` that is null for rows without lines in the table of this kind."""


def earlier_timings(results: ResultsFolder) -> Timings:
    """The lines that earlier runs wrote. A published table that was changed since is ignored."""
    return Timings(**{kind: timings_paths(kind, _intact(results, kind), results.parts) for kind in SCHEMAS})


def publish_timings(results: ResultsFolder, *, items_changed: bool) -> bool:
    """Write the tables of words, segments and passages for the rows of `items.parquet`; True if one changed.

    A table without rows is removed. Parts of a run that was killed count, too: it may have published `items.parquet`
    and not these tables. Raises `StorageError`.
    """
    if not items_changed and not _have_timings(results.parts):
        return False
    timings = earlier_timings(results)
    changed = [_publish(kind, timings, results) for kind in SCHEMAS]
    return any(changed)


def _publish(kind: Kind, timings: Timings, results: ResultsFolder) -> bool:
    rows = _rows_with_lines(kind, results)
    first = next(rows, None)
    if first is None:
        return _remove(_path(results, kind), results)
    return timings.publish(kind, chain([first], rows), _path(results, kind))


def flags_and_error_rate(results: ResultsFolder) -> tuple[int, float | None]:
    """The number of rows with quality flags, and the word error rate over all rows with a reference (None without)."""
    flagged = words = 0
    errors = 0.0
    for item in read_items([results.items], columns=("suspect", "word_error_rate", "reference")):
        flagged += bool(item["suspect"])
        if item["word_error_rate"] is not None:
            length = len(tokens(item["reference"]))
            words, errors = words + length, errors + length * item["word_error_rate"]
    return flagged, round(errors / words, 4) if words else None


def _rows_with_lines(kind: Kind, results: ResultsFolder) -> Iterator[str]:
    return ids_with_value(results.items, _COUNTED_IN[kind])


def _have_timings(parts: Path) -> bool:
    return any((run / kind).is_dir() for run in parts.glob("*") for kind in SCHEMAS)


def _path(results: ResultsFolder, kind: Kind) -> Path:
    return results.path / f"{kind}.parquet"


def _intact(results: ResultsFolder, kind: Kind) -> list[Path]:
    path = _path(results, kind)
    return [path] if results.is_as_published(path) else []


def _remove(path: Path, results: ResultsFolder) -> bool:
    if path.name not in results.published_sums():
        return False
    with durable.storage_errors(path):
        path.unlink(missing_ok=True)
    return True
