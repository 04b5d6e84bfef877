"""A small manifest, runs of it that end at fault points, and what each of them leaves."""

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
class Left:
    """What runs left in a results folder: which fault points the last one passed, and whether it ended at one.

    `asked` is what they asked all in all, `repeatable` how many of these questions had no answer kept.
    """

    results: Path
    asked: tuple[str, ...] = ()
    repeatable: int = 0
    points: tuple[str, ...] = ()
    has_crashed: bool = False


class Book:
    """A small manifest, and runs of it that crash."""

    def __init__(self, runs: ForkedRuns, service: SpeechService, folder: Path, *, plain: bool) -> None:
        self._runs, self._service, self._folder, self._plain = runs, service, folder, plain
        self._manifest = write_manifest(folder / "book.csv", _ROWS)
        self._names = itertools.count(1)
        self.points = self.run(self.nothing()).points

    def nothing(self) -> Left:
        """A results folder that is not there yet."""
        return Left(self._folder / f"results-{next(self._names)}")

    def copy(self, left: Left) -> Left:
        """The same once more, so that several runs can recover from it; the times of files are kept."""
        copy = Left(self.nothing().results, left.asked, left.repeatable)
        if left.results.exists():
            shutil.copytree(left.results, copy.results)
        return copy

    def run(self, left: Left, crash_at: int = 0) -> Left:
        """A run over what others left, to its end or to one of its fault points if it comes so far."""
        self._service.reset_calls()
        command = ("run", self._manifest, "-o", left.results)
        ended = self._runs.run(self._folder, *command, plain=self._plain, crash_at=crash_at)
        assert ended.code in (0, CRASHED), ended.stderr
        self._service.server.settle()
        has_crashed = ended.code == CRASHED
        assert has_crashed == (len(ended.passed) == crash_at)
        asked = tuple(self._service.requested)
        without_answer = len(asked) - list(ended.passed).count("answer kept")
        repeatable = left.repeatable + without_answer
        return Left(left.results, left.asked + asked, repeatable, tuple(ended.passed), has_crashed)

    def finish(self, left: Left) -> None:
        """Run it to its end: each call was asked, no more than in flight were repeated, and all is in its place."""
        ended = self.run(left)
        assert not ended.has_crashed
        assert len(ended.asked) <= len(_TEXTS) + left.repeatable
        assert sorted(set(ended.asked)) == _TEXTS
        assert violations(left.results) == []
        assert statuses(left.results) == {"short": "done", "long": "done"}
        shutil.rmtree(left.results)

    def crash(self, point: int) -> bool:
        """Crash a run at a point and run again to the end; False where it had come to its end before that point."""
        left = self.run(self.nothing(), point)
        self.finish(left)
        return left.has_crashed

    def crash_twice(self, first: int, seconds: Iterable[int]) -> int:
        """Crash a run, and those that recover from what it left, each at a second point, up to the last they have.

        How many pairs of points that were.
        """
        left, pairs = self.run(self.nothing(), first), 0
        for second in seconds:
            again = self.run(self.copy(left), second)
            self.finish(again)
            if not again.has_crashed:
                break
            pairs += 1
        shutil.rmtree(left.results, ignore_errors=True)
        return pairs
