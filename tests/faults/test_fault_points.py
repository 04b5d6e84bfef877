"""A run that ends between two steps of a write loses nothing, and repeats no more than the calls in flight."""

import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.faults.crashing_runs import CRASHED
from tests.faults.figures import publish
from tests.flows.commands import InThisProcess
from tests.flows.results import statuses, violations, write_manifest
from tests.flows.speaking import SpeechService

NAMES = ("before answer", "answer kept", "before fsync", "before rename", "after rename", "after folder fsync")
_ROWS = [
    {"id": "short", "transcript": "One sentence."},
    {"id": "long", "transcript": "First paragraph.\n\nSecond paragraph."},
]
_TEXTS = ["First paragraph.", "One sentence.", "Second paragraph."]


@dataclass
class CrashingRuns:
    """Runs that end themselves."""

    process: "subprocess.Popen[str]"

    def run(self, *arguments: str | Path, crash_at: int) -> tuple[int, list[str]]:
        """The exit code of a run, and the fault points that it passed."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(json.dumps({"arguments": list(map(str, arguments)), "crash_at": crash_at}) + "\n")
        self.process.stdin.flush()
        answer = json.loads(self.process.stdout.readline())
        return answer["code"], answer["passed"]


@pytest.fixture
def crashing(prefect_server: str, service: SpeechService) -> Iterator[CrashingRuns]:
    """Runs that ask the service of the test, and end themselves."""
    command = [sys.executable, "-m", "tests.faults.crashing_runs"]
    root = Path(__file__).parents[2]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, cwd=root
    ) as process:
        yield CrashingRuns(process)
        assert process.stdin is not None
        process.stdin.close()


def test_a_crash_at_each_name(
    crashing: CrashingRuns, voicemill: InThisProcess, service: SpeechService, tmp_path: Path
) -> None:
    """A run that crashes in the midst of its passages of any one kind of fault point resumes to its end."""
    passed = _clean_run(crashing, tmp_path)
    assert set(passed) == set(NAMES)
    for name in NAMES:
        places = [place for place, other in enumerate(passed, start=1) if other == name]
        assert _crash_and_resume(crashing, voicemill, service, tmp_path, places[len(places) // 2])


@pytest.mark.kills
@pytest.mark.timeout(3600)
def test_a_crash_at_every_point(
    crashing: CrashingRuns, voicemill: InThisProcess, service: SpeechService, tmp_path: Path
) -> None:
    """A run crashes at its first fault point, the next one at its second, up to the last; each resumes to its end."""
    crashes = 0
    while _crash_and_resume(crashing, voicemill, service, tmp_path, crashes + 1):
        crashes += 1
    assert crashes >= len(NAMES)
    publish({"fault_points": {"crashes": crashes, "resumed": crashes}})


def _clean_run(crashing: CrashingRuns, folder: Path) -> list[str]:
    write_manifest(folder / "book.csv", _ROWS)
    code, passed = crashing.run("run", folder / "book.csv", "-o", folder / "clean", crash_at=0)
    assert code == 0
    return passed


def _crash_and_resume(
    crashing: CrashingRuns, voicemill: InThisProcess, service: SpeechService, folder: Path, point: int
) -> bool:
    """Whether a fresh run came to the fault point of this number, where it ended; it was then brought to its end."""
    manifest, results = write_manifest(folder / "book.csv", _ROWS), folder / f"results-{point}"
    service.forget()
    code, passed = crashing.run("run", manifest, "-o", results, crash_at=point)
    in_flight = len(service.asked) - passed.count("answer kept")
    assert (code, len(passed)) == (CRASHED, point) or (code == 0 and len(passed) < point)
    assert voicemill("run", manifest, "-o", results).code == 0
    assert len(service.asked) <= len(_TEXTS) + in_flight
    assert sorted(set(service.asked)) == _TEXTS
    assert violations(results) == []
    assert statuses(results) == {"short": "done", "long": "done"}
    return code == CRASHED
