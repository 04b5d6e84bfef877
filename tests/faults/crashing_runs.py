"""Runs of a small manifest that crash at fault points, and the state that each of them leaves."""

import itertools
import shutil
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from tests.faults.forked_runs import CRASHED
from tests.faults.process_runs import ForkedRuns
from tests.flows.results import statuses, violations, write_manifest
from tests.flows.speech_service import SpeechService

_ROWS = [
    {"id": "short", "transcript": "One sentence."},
    {"id": "long", "transcript": "First paragraph.\n\nSecond paragraph."},
]
_TEXTS = ["First paragraph.", "One sentence.", "Second paragraph."]


@dataclass(frozen=True, slots=True)
class FolderState:
    """The state of a results folder: the fault points that the last run passed, and whether it crashed at one.

    `requested` are the transcripts that all runs requested; `repeatable` counts those whose answer was not stored.
    """

    results: Path
    requested: tuple[str, ...] = ()
    repeatable: int = 0
    points: tuple[str, ...] = ()
    has_crashed: bool = False


class CrashingRuns:
    """A small manifest and crashing runs of it."""

    def __init__(self, runs: ForkedRuns, service: SpeechService, folder: Path, *, plain: bool) -> None:
        self._runs, self._service, self._folder, self._plain = runs, service, folder, plain
        self._manifest = write_manifest(folder / "book.csv", _ROWS)
        self._names = itertools.count(1)
        self.points = self.run(self.new_folder()).points

    def new_folder(self) -> FolderState:
        """The state of a results folder that does not exist yet."""
        return FolderState(self._folder / f"results-{next(self._names)}")

    def copy(self, state: FolderState) -> FolderState:
        """Copy the folder, with its files' times, so that several runs can recover from the same state."""
        copy = FolderState(self.new_folder().results, state.requested, state.repeatable)
        if state.results.exists():
            shutil.copytree(state.results, copy.results)
        return copy

    def run(self, state: FolderState, crash_at: int = 0) -> FolderState:
        """Run over the state of an earlier run; with `crash_at`, crash at that fault point if the run reaches it."""
        self._service.reset_calls()
        command = ("run", self._manifest, "-o", state.results)
        result = self._runs.run(self._folder, *command, plain=self._plain, crash_at=crash_at)
        assert result.code in (0, CRASHED), result.stderr
        self._service.server.settle()
        has_crashed = result.code == CRASHED
        assert has_crashed == (len(result.passed) == crash_at)
        requested = tuple(self._service.requested)
        without_answer = len(requested) - list(result.passed).count("answer kept")
        repeatable = state.repeatable + without_answer
        return FolderState(state.results, state.requested + requested, repeatable, tuple(result.passed), has_crashed)

    def finish(self, state: FolderState) -> None:
        """Complete the run: every call was made, only calls in flight were repeated, and every file is correct."""
        result = self.run(state)
        assert not result.has_crashed
        assert len(result.requested) <= len(_TEXTS) + state.repeatable
        assert sorted(set(result.requested)) == _TEXTS
        assert violations(state.results) == []
        assert statuses(state.results) == {"short": "done", "long": "done"}
        shutil.rmtree(state.results)

    def crash(self, point: int) -> bool:
        """Crash a run at a fault point and resume it; False if the run completed before that point."""
        state = self.run(self.new_folder(), point)
        self.finish(state)
        return state.has_crashed

    def crash_twice(self, first: int, seconds: Iterable[int]) -> int:
        """Crash a run, then crash the runs that resume it, each at one of the second points.

        Returns the number of pairs of fault points.
        """
        state, pairs = self.run(self.new_folder(), first), 0
        for second in seconds:
            again = self.run(self.copy(state), second)
            self.finish(again)
            if not again.has_crashed:
                break
            pairs += 1
        shutil.rmtree(state.results, ignore_errors=True)
        return pairs
