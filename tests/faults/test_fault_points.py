"""A run that crashes between two steps of a write loses nothing; resuming it repeats at most the calls in flight."""

import itertools
import random
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.faults.crashing_runs import CrashingRuns
from tests.faults.figures import PARTITIONS, SEED, SHARE, Report, size
from tests.faults.process_runs import ForkedRuns
from tests.flows.speech_service import SpeechService

NAMES = {"before answer", "answer kept", "before fsync", "before rename", "after rename", "after folder fsync"}


def test_crash_at_each_fault_point(runs: ForkedRuns, service: SpeechService, tmp_path: Path, report: Report) -> None:
    """One run crashes at each fault point of the store, and each of them is resumed to completion."""
    crashing = CrashingRuns(runs, service, tmp_path, plain=True)
    assert set(crashing.points) == NAMES
    points = range(1, len(crashing.points) + 1)
    chosen = points if SHARE else _one_point_per_name(crashing.points)
    crashes = sum(crashing.crash(point) for point in chosen)
    assert crashes >= len(NAMES)
    report("fault_points", {"points": len(points), "crashes": crashes, "resumed": crashes})


@pytest.mark.usefixtures("prefect_server")
def test_crash_of_the_command(runs: ForkedRuns, service: SpeechService, tmp_path: Path, report: Report) -> None:
    """The whole command, with Prefect's server, resumes after a crash: at every fault point nightly, else at one."""
    crashing = CrashingRuns(runs, service, tmp_path, plain=False)
    assert set(crashing.points) == NAMES
    points = range(1, len(crashing.points) + 1)
    chosen = points if SHARE >= 1 else random.Random(SEED).sample(points, 1)
    crashes = sum(crashing.crash(point) for point in chosen)
    assert crashes
    report("fault_points_of_the_command", {"points": len(points), "crashes": crashes, "resumed": crashes})


@pytest.mark.parametrize("part", range(PARTITIONS))
def test_two_crashes(runs: ForkedRuns, service: SpeechService, tmp_path: Path, report: Report, part: int) -> None:
    """A run crashes at one fault point and the run that resumes it at another: all pairs nightly, else some."""
    crashing = CrashingRuns(runs, service, tmp_path, plain=True)
    dice = random.Random(SEED + part)
    points = range(1, len(crashing.points) + 1)[part::PARTITIONS]
    firsts = sorted(dice.sample(points, min(len(points), size(nightly=len(points), usual=2))))
    pairs = 0
    for first in firsts:
        start = 1 if SHARE else dice.choice(points[: len(points) // 3])
        pairs += crashing.crash_twice(first, itertools.count(start) if SHARE else range(start, start + 2))
    assert pairs
    report(f"double_crashes_{part + 1}", {"first_points": len(firsts), "pairs": pairs, "resumed": pairs})


def _one_point_per_name(points: Sequence[str]) -> list[int]:
    places = {name: [place for place, other in enumerate(points, 1) if other == name] for name in points}
    return [found[len(found) // 2] for found in places.values()]
