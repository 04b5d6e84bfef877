"""A run that is told to end does so soon, loses nothing and can go on; two runs never work in one folder."""

import random
import signal
import statistics
import time
from collections import Counter
from pathlib import Path

from tests.faults.figures import SEED, Report, size
from tests.faults.process_runs import ForkedRuns, Run
from tests.flows.results import short_rows, statuses, violations, write_manifest
from tests.flows.speech_service import SpeechService
from voicemill.errors import ExitCode

_ROWS = 40
_PROFILE = "[defaults]\nsample_rate = 8000\n[pace]\nmax_concurrency = 4\n"


def test_stops(runs: ForkedRuns, service: SpeechService, tmp_path: Path, report: Report) -> None:
    """SIGTERM and Ctrl-C at random instants: exit code 7, no call is made twice, and the next run goes on."""
    (tmp_path / "profile.toml").write_text(_PROFILE)
    service.speaker.latency_s = 0.02
    dice = random.Random(SEED)
    took_s: list[float] = []
    book = 0
    while len(took_s) < size(nightly=100, usual=2):
        book += 1
        write_manifest(
            tmp_path / "book.csv", [row | {"transcript": f"{book}, {row['id']}"} for row in short_rows(_ROWS)]
        )
        service.reset_calls()
        while (seconds := _stop(_start(runs, tmp_path, f"results-{book}"), service, dice)) is not None:
            took_s.append(seconds)
        assert max(Counter(service.requested).values()) == 1
        assert violations(tmp_path / f"results-{book}") == []
        assert set(statuses(tmp_path / f"results-{book}").values()) == {"done"}
    p99_s = max(took_s) if len(took_s) < 100 else statistics.quantiles(took_s, n=100)[-1]
    report("stops", {"runs_stopped": len(took_s), "calls_repeated": 0, "p99_s": round(p99_s, 2)})


def test_races(runs: ForkedRuns, service: SpeechService, tmp_path: Path, report: Report) -> None:
    """Two runs that start at once in one folder: one works, the other refuses or finds all done; no call is doubled."""
    (tmp_path / "profile.toml").write_text(_PROFILE)
    service.speaker.latency_s = 0.2
    least, races, refused = size(nightly=100, usual=3), 0, 0
    while races < least or not refused:  # on a slow machine one may be over before the other begins
        races += 1
        write_manifest(tmp_path / "book.csv", [row | {"transcript": f"{races}, {row['id']}"} for row in short_rows(12)])
        service.reset_calls()
        both = [_start(runs, tmp_path, f"results-{races}") for _ in range(2)]
        codes = sorted(run.wait().code for run in both)
        assert codes in ([ExitCode.OK, ExitCode.OK], [ExitCode.OK, ExitCode.LOCKED])
        assert set(Counter(service.requested).values()) == {1}
        assert violations(tmp_path / f"results-{races}") == []
        refused += codes[1] == ExitCode.LOCKED
    assert refused
    report("races", {"races": races, "second_refused": refused, "calls_doubled": 0})


def _start(runs: ForkedRuns, folder: Path, results: str) -> Run:
    return runs.start(folder, "run", folder / "book.csv", "-o", folder / results, "--profile", folder / "profile.toml")


def _stop(run: Run, service: SpeechService, dice: random.Random) -> float | None:
    """The seconds that a run took to end once it was told to; None where it came to its own end."""
    asked, wanted = len(service.requested), dice.randint(4, _ROWS // 2)
    while not run.is_over and len(service.requested) < asked + wanted:
        time.sleep(0.001)
    told_at = time.monotonic()
    run.kill(dice.choice([signal.SIGTERM, signal.SIGINT]))
    ended = run.wait()
    if ended.code == ExitCode.OK:
        return None
    assert ended.code == ExitCode.INTERRUPTED, ended.stderr
    return time.monotonic() - told_at
