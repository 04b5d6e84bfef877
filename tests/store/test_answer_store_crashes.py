"""Crashes of the answer store at every fault point, including those of its recovery."""

import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count
from pathlib import Path

import pytest

from tests.store.crashing_store import CRASHED, body_of
from tests.store.receipts import key_of
from voicemill.store.answer_store import AnswerStore

COUNT = 3
POINTS_OF_AN_ANSWER = 6


@dataclass
class CrashingStores:
    """Processes that store answers and crash."""

    process: "subprocess.Popen[str]"

    def run(self, folder: Path, crash_at: int) -> tuple[int, list[str]]:
        """The exit code of a process, and the answers it acknowledged."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(json.dumps({"folder": str(folder), "crash_at": crash_at, "count": COUNT}) + "\n")
        self.process.stdin.flush()
        answer = json.loads(self.process.stdout.readline())
        return answer["code"], answer["acknowledged"]


@pytest.fixture
def crashing() -> Iterator[CrashingStores]:
    """A process that forks such processes."""
    command = [sys.executable, "-m", "tests.store.crashing_store"]
    root = Path(__file__).parents[2]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=root) as process:
        yield CrashingStores(process)
        assert process.stdin is not None
        process.stdin.close()


def assert_promises_hold(folder: Path, *acknowledged: list[str]) -> None:
    """After opening the store, all acknowledged answers are complete and no torn file is left."""
    store = AnswerStore(folder)
    store.open()
    for name in {line.split()[1] for lines in acknowledged for line in lines}:
        assert store.read(key_of(name))[1] == body_of(name)
    assert all(path.suffix == ".answer" for path in folder.rglob("*") if path.is_file())


def test_crash_at_any_fault_point_loses_no_answer(crashing: CrashingStores, tmp_path: Path) -> None:
    """After a crash at each fault point all acknowledged answers are there, and the next run completes."""
    for point in count(1):
        folder = tmp_path / str(point)
        code, acknowledged = crashing.run(folder, point)
        assert_promises_hold(folder, acknowledged)
        if code == 0:
            break
        assert code == CRASHED
        assert crashing.run(folder, 0)[0] == 0
        assert_promises_hold(folder, acknowledged)
    assert point == POINTS_OF_AN_ANSWER * COUNT + 1


def test_crash_during_recovery_loses_no_answer(crashing: CrashingStores, tmp_path: Path) -> None:
    """If a run crashes at one fault point and the next at another, no acknowledged answer is lost."""
    pairs = 0
    for first in range(1, POINTS_OF_AN_ANSWER + 2):
        for second in range(1, 2 * POINTS_OF_AN_ANSWER):
            folder = tmp_path / f"{first}-{second}"
            crash, acknowledged = crashing.run(folder, first)
            again, acknowledged_later = crashing.run(folder, second)
            assert (crash, again) == (CRASHED, CRASHED)
            assert_promises_hold(folder, acknowledged, acknowledged_later)
            pairs += 1
    assert pairs == 77
