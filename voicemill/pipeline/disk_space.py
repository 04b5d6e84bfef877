"""Check that the disks have space for the files and answers of a run."""

from collections.abc import Iterator, Sequence
from functools import partial

from voicemill.config import Settings
from voicemill.errors import Problem
from voicemill.planning.predictions import Volume
from voicemill.planning.row_calls import plan_row
from voicemill.store.answer_store import AnswerStore
from voicemill.store.free_space import Load, by_disk, bytes_in, missing_bytes
from voicemill.store.results_folder import ResultsFolder
from voicemill.store.tables.plan_table import PlanTable

_DIGITS = 16
"""Hex digits of a key that are compared; all 64 would take four times the memory."""


def disk_space_warnings(volume: Volume, results: ResultsFolder, settings: Settings, service: str) -> list[Problem]:
    """A warning for each disk that seems too small; the duration of speech is an estimate.

    The plan must exist. Raises `StorageError`.
    """
    disks = by_disk(_loads(volume, results, settings, service))
    short = [(loads, missing_bytes(loads)) for loads in disks]
    return [Problem(0, "", _message(loads, missing, results)) for loads, missing in short if missing]


def _loads(volume: Volume, results: ResultsFolder, settings: Settings, service: str) -> list[Load]:
    store = AnswerStore(results.answers(settings.answers))
    below = partial(bytes_in, results.path)
    if store.folder.resolve().is_relative_to(results.path.resolve()):
        return [Load(results.path, volume.answer_bytes + volume.file_bytes, below)]
    kept = partial(_kept_bytes, store, results, settings, service)
    return [Load(results.path, volume.file_bytes, below), Load(store.folder, volume.answer_bytes, kept)]


def _kept_bytes(store: AnswerStore, results: ResultsFolder, settings: Settings, service: str) -> int:
    """The total size of the plan's answers in a store that may hold others."""
    keys = set(_keys(results, settings, service))
    return sum(path.lstat().st_size for path in store.files() if path.name[:_DIGITS] in keys)


def _keys(results: ResultsFolder, settings: Settings, service: str) -> Iterator[str]:
    plan = PlanTable(results.plan)
    for _, row in plan.rows(0, len(plan)):
        if not row.depends_on:
            pieces = plan_row(row, service, settings.long_text, settings.subtitles).pieces
            yield from (piece.call.key[:_DIGITS] for piece in pieces)


def _message(loads: Sequence[Load], missing: int, results: ResultsFolder) -> str:
    expected = sum(load.expected_bytes for load in loads)
    folders = " and ".join(str(load.folder) for load in loads)
    options = " or ".join("-o" if load.folder == results.path else "--answers" for load in loads)
    whose = "its" if len(loads) == 1 else "their"
    return (
        f"about {expected / 1e9:,.1f} GB will be written to {folders}, and {whose} disk "
        f"lacks {missing / 1e9:,.1f} GB of that; free some space, or choose another folder ({options})"
    )
