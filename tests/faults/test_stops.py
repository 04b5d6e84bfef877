"""A run stops soon after a signal, loses nothing and can resume; two runs never use one folder at the same time."""

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
    """After SIGTERM or Ctrl-C at a random moment the exit code is 7, and a rerun repeats no call."""
    (tmp_path / "profile.toml").write_text(_PROFILE)
    service.speaker.latency_s = 0.02
    dice = random.Random(SEED)
    durations_s: list[float] = []
    manifest = 0
    while len(durations_s) < size(nightly=100, usual=2):
        manifest += 1
        write_manifest(
            tmp_path / "book.csv", [row | {"transcript": f"{manifest}, {row['id']}"} for row in short_rows(_ROWS)]
        )
        service.reset_calls()
        while (seconds := _stop(_start(runs, tmp_path, f"results-{manifest}"), service, dice)) is not None:
            durations_s.append(seconds)
        assert max(Counter(service.requested).values()) == 1
        assert violations(tmp_path / f"results-{manifest}") == []
        assert set(statuses(tmp_path / f"results-{manifest}").values()) == {"done"}
    p99_s = max(durations_s) if len(durations_s) < 100 else statistics.quantiles(durations_s, n=100)[-1]
    report("stops", {"runs_stopped": len(durations_s), "calls_repeated": 0, "p99_s": round(p99_s, 2)})


def test_races(runs: ForkedRuns, service: SpeechService, tmp_path: Path, report: Report) -> None:
    """Of two concurrent runs in a folder, one is refused or finds all rows done; no call repeats."""
    (tmp_path / "profile.toml").write_text(_PROFILE)
    service.speaker.latency_s = 0.2
    least, races, refused = size(nightly=100, usual=2), 0, 0
    while races < least or not refused:  # on a slow machine the first may end before the second starts
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
    """The seconds between the signal and the end of a run; None if it completed before the signal."""
    number = service.posted + dice.randint(4, _ROWS // 2)
    service.hold_from(number)
    while not run.is_over and service.posted < number:
        time.sleep(0.001)
    signalled_s = time.monotonic()
    run.kill(dice.choice([signal.SIGTERM, signal.SIGINT]))
    service.release()
    result = run.wait()
    if result.code == ExitCode.OK:
        return None
    assert result.code == ExitCode.INTERRUPTED, result.stderr
    return time.monotonic() - signalled_s
