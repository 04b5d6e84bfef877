"""The history of the runs in a results folder, as the page plots it."""

import json
from collections.abc import Iterator
from typing import Any

from voicemill.store.results_folder import ResultsFolder, read_json

Json = dict[str, Any]


def history_of(results: ResultsFolder) -> list[Json]:
    """The last runs with points as columns and events, the latest run last; empty if none was recorded."""
    runs: list[Json] = []
    for record in _records(results):
        if "started_at" in record:
            runs.append({"id": str(len(runs)), "started_at": record["started_at"], "points": {}, "events": []})
        elif runs and "event" in record:
            runs[-1]["events"].append({"t": record.get("t", 0), "text": record["event"]})
        elif runs:
            _add_point(runs[-1]["points"], record)
    return runs


def changes_of(results: ResultsFolder) -> Json | None:
    """What the last run changed, compared with the tables before it; None for a first run."""
    return read_json(results.changes)


def _records(results: ResultsFolder) -> Iterator[Json]:
    """The lines of the file; incomplete lines are skipped."""
    try:
        text = results.events.read_text(encoding="utf-8", errors="replace")
    except FileNotFoundError:
        return
    for line in text.splitlines():
        try:
            record = json.loads(line)
        except ValueError:
            continue
        if isinstance(record, dict):
            yield record


def _add_point(points: dict[str, list[Any]], record: Json) -> None:
    """Append a point to its columns; missing values are null."""
    length = max(map(len, points.values()), default=0)
    for name in record:
        points.setdefault(name, [None] * length)
    for name, values in points.items():
        values.append(record.get(name))
