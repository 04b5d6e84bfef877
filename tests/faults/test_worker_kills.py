"""Workers killed at random moments: the run ends complete, repeats only calls in flight, and keeps its limits."""

import random
import shutil
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path

import pytest

from tests.faults.figures import SEED, SHARE, Report, size
from tests.flows.results import short_rows, violations, write_manifest
from tests.flows.speech_service import SpeechService
from tests.pipeline.distribution.dask_cluster import dask_cluster
from tests.pipeline.distribution.killed_workers import audio_of, expected_audio, run, run_and_kill, settings
from voicemill.errors import ExitCode

pytestmark = pytest.mark.skipif(not SHARE, reason="starts several processes for each kill: `make faults`")

_ROWS = 60
_CONCURRENCY = 8


@dataclass
class _Totals:
    kills: int = 0
    calls_needed: int = 0
    calls_made: int = 0
    calls_repeated_at_a_kill_at_most: int = 0
    calls_in_flight_at_most: int = 0
    rows_not_done: int = 0
    wrong_files: int = 0


@pytest.fixture(params=["process", "dask"])
def runner(request: pytest.FixtureRequest, service: SpeechService, tmp_path: Path) -> Iterator[str]:
    """Two worker processes, or a cluster of two processes, which Dask replaces when they are killed."""
    if request.param == "process":
        yield "process:2"
        return
    pytest.importorskip("distributed", reason="Dask is not installed: pip install 'voicemill[dask]'")
    with dask_cluster(tmp_path, replaces_workers=True) as cluster:
        yield cluster.runner


def _has_made(service: SpeechService, calls: int) -> bool:
    return len(service.requested) >= calls


async def test_kills_of_workers(service: SpeechService, runner: str, tmp_path: Path, report: Report) -> None:
    """After SIGKILL of a worker at a random moment, all files are those of a local run, within the limit."""
    kind = runner.partition(":")[0]
    dice, totals = random.Random(f"{SEED} {kind}"), _Totals()
    service.speaker.latency_s = 0.05
    manifest = write_manifest(tmp_path / "book.csv", short_rows(_ROWS))
    for number in range(size(nightly=50, usual=2)):
        results, calls = tmp_path / f"results-{number}", dice.randint(1, _ROWS - _CONCURRENCY)
        service.reset_calls()
        summary = await run_and_kill(manifest, results, settings(runner), partial(_has_made, service, calls))
        totals.kills += 1
        totals.calls_needed += _ROWS
        totals.calls_made += len(service.requested)
        repeated = len(service.requested) - _ROWS
        totals.calls_repeated_at_a_kill_at_most = max(totals.calls_repeated_at_a_kill_at_most, repeated)
        in_flight = max(call.in_flight for call in service.server.calls)
        totals.calls_in_flight_at_most = max(totals.calls_in_flight_at_most, in_flight)
        totals.rows_not_done += _ROWS - summary.rows["done"]
        totals.wrong_files += len(violations(results)) + (audio_of(results) != expected_audio(_ROWS))
        shutil.rmtree(results)
    assert totals.rows_not_done == totals.wrong_files == 0
    assert totals.calls_repeated_at_a_kill_at_most <= _CONCURRENCY
    assert totals.calls_in_flight_at_most <= _CONCURRENCY
    report(f"worker_kills_{kind}", asdict(totals))


async def test_the_budget_with_killed_workers(service: SpeechService, tmp_path: Path, report: Report) -> None:
    """Four workers, of which one is killed at a random moment, never make more calls than the budget allows."""
    dice, most, rounds = random.Random(SEED), 0, size(nightly=50, usual=2)
    service.speaker.latency_s = 0.05
    manifest, budget = write_manifest(tmp_path / "book.csv", short_rows(_ROWS)), _ROWS // 2
    chosen = settings("process:4", budget={"max_calls": budget})
    for number in range(rounds):
        results, calls = tmp_path / f"results-{number}", dice.randint(1, budget - _CONCURRENCY)
        service.reset_calls()
        first = await run_and_kill(manifest, results, chosen, partial(_has_made, service, calls))
        second = await run(manifest, results, chosen)
        assert {first.exit_code, second.exit_code} == {ExitCode.BUDGET}
        most = max(most, len(service.requested))
        shutil.rmtree(results)
    assert most <= budget
    report("worker_kills_budget", {"kills": rounds, "budget_of_calls": budget, "calls_made_at_most": most})
