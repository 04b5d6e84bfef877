"""The tables of words and segments: read those of earlier runs, and publish new ones."""

from collections.abc import Iterator, Sequence
from itertools import chain
from pathlib import Path

from voicemill.store import durable_files as durable
from voicemill.store.results_folder import ResultsFolder
from voicemill.store.tables.items_table import read_items
from voicemill.store.tables.timings_tables import SCHEMAS, Kind, Timings, timings_paths
from voicemill.text.word_error_rate import tokens


def earlier_timings(results: ResultsFolder) -> Timings:
    """The words and segments that earlier runs wrote. A published table that was changed since is ignored."""
    return Timings(**{kind: timings_paths(kind, _intact(results, kind), results.parts) for kind in SCHEMAS})


def publish_timings(results: ResultsFolder, parts: Sequence[Path], *, items_changed: bool) -> bool:
    """Write `words.parquet` and `segments.parquet` for the rows of `items.parquet`. Returns whether they changed.

    If no row has words, both files are removed. Raises `StorageError`.
    """
    if not items_changed and not any(_has_timings(part) for part in parts):
        return False
    timed = _timed_rows(results)
    first = next(timed, None)
    if first is None:
        return _remove(results)
    timings = earlier_timings(results)
    words = timings.publish("words", chain([first], timed), results.words)
    return timings.publish("segments", _timed_rows(results), results.segments) or words


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


def _timed_rows(results: ResultsFolder) -> Iterator[str]:
    items = read_items([results.items], columns=("id", "words"))
    return (str(item["id"]) for item in items if item["words"] is not None)


def _has_timings(part: Path) -> bool:
    return any((part.parent / kind / part.name).is_file() for kind in SCHEMAS)


def _intact(results: ResultsFolder, kind: Kind) -> list[Path]:
    path = results.words if kind == "words" else results.segments
    return [path] if results.is_as_published(path) else []


def _remove(results: ResultsFolder) -> bool:
    ours = [path for path in (results.words, results.segments) if path.name in results.published_sums()]
    for path in ours:
        with durable.storage_errors(path):
            path.unlink(missing_ok=True)
    return bool(ours)
