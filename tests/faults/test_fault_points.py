"""A run that ends between two steps of a write loses nothing, and repeats no more than the calls in flight."""

import random
from itertools import count
from pathlib import Path

import pytest

from tests.faults.figures import SEED, SHARE, Report, size
from tests.faults.forked_runs import CRASHED
from tests.faults.starting import ForkedRuns
from tests.flows.results import statuses, violations, write_manifest
from tests.flows.speaking import SpeechService

NAMES = {"before answer", "answer kept", "before fsync", "before rename", "after rename", "after folder fsync"}
_ROWS = [
    {"id": "short", "transcript": "One sentence."},
    {"id": "long", "transcript": "First paragraph.\n\nSecond paragraph."},
]
_TEXTS = ["First paragraph.", "One sentence.", "Second paragraph."]


class Book:
    """A small manifest, and runs of it that crash."""

    def __init__(self, runs: ForkedRuns, service: SpeechService, folder: Path, *, plain: bool) -> None:
        self._runs, self._service, self._folder, self._plain = runs, service, folder, plain
        self._manifest = write_manifest(folder / "book.csv", _ROWS)
        self._tries = count(1)
        self.points = self._run(folder / "clean", 0)[1]

    def _run(self, results: Path, crash_at: int) -> tuple[int, list[str]]:
        command = ("run", self._manifest, "-o", results)
        ended = self._runs.run(self._folder, *command, plain=self._plain, crash_at=crash_at)
        assert ended.code in (0, CRASHED), ended.stderr
        return ended.code, list(ended.passed)

    def crash(self, *points: int) -> int:
        """Crash run after run at these points, then one to the end; how many of them came so far as to crash."""
        results = self._folder / f"results-{next(self._tries)}"
        self._service.forget()
        crashes, repeatable = 0, 0
        for point in points:
            before = len(self._service.asked)
            code, passed = self._run(results, point)
            assert (code == CRASHED) == (len(passed) == point)
            crashes += code == CRASHED
            repeatable += len(self._service.asked) - before - passed.count("answer kept")
        assert self._run(results, 0)[0] == 0
        assert len(self._service.asked) <= len(_TEXTS) + repeatable
        assert sorted(set(self._service.asked)) == _TEXTS
        assert violations(results) == []
        assert statuses(results) == {"short": "done", "long": "done"}
        return crashes


def test_a_crash_at_each_fault_point(runs: ForkedRuns, service: SpeechService, tmp_path: Path, report: Report) -> None:
    """A run crashes at its first fault point, the next one at its second, up to the last; each resumes to its end."""
    book = Book(runs, service, tmp_path, plain=True)
    assert set(book.points) == NAMES
    points = range(1, len(book.points) + 1)
    chosen = points if SHARE else _one_of_each_name(book.points)
    crashes = sum(book.crash(point) for point in chosen)
    assert crashes >= len(NAMES)
    report("fault_points", {"points": len(points), "crashes": crashes, "resumed": crashes})


@pytest.mark.usefixtures("prefect_server")
def test_a_crash_of_the_command(runs: ForkedRuns, service: SpeechService, tmp_path: Path, report: Report) -> None:
    """The same for the whole command with Prefect's server: at every point nightly, else at two."""
    book = Book(runs, service, tmp_path, plain=False)
    assert set(book.points) == NAMES
    points = range(1, len(book.points) + 1)
    chosen = points if SHARE >= 1 else random.Random(SEED).sample(points, 2)
    crashes = sum(book.crash(point) for point in chosen)
    assert crashes
    report("fault_points_of_the_command", {"points": len(points), "crashes": crashes, "resumed": crashes})


def test_two_crashes(runs: ForkedRuns, service: SpeechService, tmp_path: Path, report: Report) -> None:
    """A run crashes at one point and the run that should recover at another: all pairs nightly, else some."""
    book = Book(runs, service, tmp_path, plain=True)
    points = range(1, len(book.points) + 1)
    pairs = [(first, second) for first in points for second in points]
    chosen = random.Random(SEED).sample(pairs, min(len(pairs), size(nightly=len(pairs), usual=8)))
    double = sum(book.crash(*pair) == 2 for pair in chosen)
    assert double
    report("double_crashes", {"pairs": len(chosen), "of_which_crashed_twice": double, "resumed": len(chosen)})


def _one_of_each_name(points: list[str]) -> list[int]:
    places = {name: [place for place, other in enumerate(points, 1) if other == name] for name in points}
    return [found[len(found) // 2] for found in places.values()]
