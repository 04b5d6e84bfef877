"""Whether what a run will write has room: its files and answers, on one disk or on two."""

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
"""Of a key that tell it from others; all 64 would take four times the memory."""


def too_little_room(volume: Volume, results: ResultsFolder, settings: Settings, service: str) -> list[Problem]:
    """A warning for each disk that seems too small: the lengths of what will be spoken are guessed.

    The plan must be written. Raises `StorageError`.
    """
    disks = by_disk(_loads(volume, results, settings, service))
    told = [(loads, missing_bytes(loads)) for loads in disks]
    return [Problem(0, "", _why(loads, missing, results)) for loads, missing in told if missing]


def _loads(volume: Volume, results: ResultsFolder, settings: Settings, service: str) -> list[Load]:
    store = AnswerStore(results.answers(settings.answers))
    below = partial(bytes_in, results.path)
    if store.folder.resolve().is_relative_to(results.path.resolve()):
        return [Load(results.path, volume.answer_bytes + volume.file_bytes, below)]
    kept = partial(_kept_bytes, store, results, settings, service)
    return [Load(results.path, volume.file_bytes, below), Load(store.folder, volume.answer_bytes, kept)]


def _kept_bytes(store: AnswerStore, results: ResultsFolder, settings: Settings, service: str) -> int:
    """The size of the answers to what the plan asks, in a store that may hold many others."""
    asked = set(_asked(results, settings, service))
    return sum(path.lstat().st_size for path in store.files() if path.name[:_DIGITS] in asked)


def _asked(results: ResultsFolder, settings: Settings, service: str) -> Iterator[str]:
    plan = PlanTable(results.plan)
    for _, row in plan.rows(0, len(plan)):
        if not row.takes:
            pieces = plan_row(row, service, settings.long_text, settings.subtitles).pieces
            yield from (piece.call.key[:_DIGITS] for piece in pieces)


def _why(loads: Sequence[Load], missing: int, results: ResultsFolder) -> str:
    expected = sum(load.expected_bytes for load in loads)
    folders = " and ".join(str(load.folder) for load in loads)
    options = " or ".join("-o" if load.folder == results.path else "--answers" for load in loads)
    whose = "its" if len(loads) == 1 else "their"
    return (
        f"about {expected / 1e9:,.1f} GB will be written to {folders}, and {whose} disk "
        f"lacks {missing / 1e9:,.1f} GB of that; free some space, or choose another folder ({options})"
    )
