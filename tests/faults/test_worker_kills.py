"""Workers killed at random moments: the run ends complete, repeats only calls in flight, and keeps its limits."""

import random
import shutil
from collections.abc import Iterator
from dataclasses import asdict
from importlib.util import find_spec
from pathlib import Path

import pytest

from tests.faults.figures import SEED, SHARE, Report, size
from tests.faults.worker_kills import KillTotals, kill_moment
from tests.flows.commands import ignoring_prefect_sockets
from tests.flows.results import short_rows, violations, write_manifest
from tests.flows.speech_service import SpeechService
from tests.pipeline.distribution.killed_workers import audio_of, expected_audio, run, run_and_kill, settings
from tests.pipeline.distribution.runners import started_runner
from voicemill.errors import ExitCode

pytestmark = pytest.mark.skipif(not SHARE, reason="starts several processes for each kill: `make faults`")

_ROWS = 60
_BUDGET = _ROWS // 2
_CONCURRENCY = 8
_LATENCY_S = 0.05
_KILLS = {"process": 30, "dask": 40, "ray": 20, "pool": 10}
"""Nightly kills with two workers; kinds whose processes start slowly get fewer."""
_KILLS_WITH_BUDGET = {"process": 10, "dask": 40}
"""Nightly kills with four workers."""
_PACKAGES = {"dask": "distributed", "ray": "ray"}


@pytest.fixture
def runner(request: pytest.FixtureRequest, service: SpeechService, tmp_path: Path) -> Iterator[str]:
    """The runner of a kind and a number of workers, whose processes are started once for all kills."""
    kind, workers = request.param
    package = _PACKAGES.get(kind)
    if package and find_spec(package) is None:
        pytest.skip(f"needs voicemill[{kind}]")
    service.speaker.latency_s = _LATENCY_S
    started = started_runner(kind, tmp_path, lambda: str(request.getfixturevalue("prefect_server")), workers)
    with ignoring_prefect_sockets(), started as runner:
        yield runner


@pytest.mark.parametrize("runner", [(kind, 2) for kind in _KILLS], indirect=True, ids=list(_KILLS))
async def test_kills_of_workers(service: SpeechService, runner: str, tmp_path: Path, report: Report) -> None:
    """After SIGKILL of a worker at a random moment, all files are those of a local run, within the limit."""
    kind = runner.partition(":")[0]
    dice, totals, expected = random.Random(f"{SEED} {kind}"), KillTotals(), expected_audio(_ROWS)
    manifest, chosen = write_manifest(tmp_path / "book.csv", short_rows(_ROWS)), settings(runner)
    for number in range(size(nightly=_KILLS[kind], usual=2)):
        service.reset_calls()
        results = tmp_path / f"results-{number}"
        summary = await run_and_kill(
            manifest, results, chosen, kill_moment(service, dice.randint(0, _ROWS - _CONCURRENCY), dice)
        )
        wrong_files = len(violations(results)) + (audio_of(results) != expected)
        totals.add(service, _ROWS, _ROWS - summary.rows["done"], wrong_files)
        assert totals.rows_not_done == totals.wrong_files == 0
        assert totals.calls_repeated_at_a_kill_at_most <= _CONCURRENCY
        assert totals.calls_in_flight_at_most <= _CONCURRENCY
        shutil.rmtree(results)
    report(f"worker_kills_{kind}", asdict(totals))


@pytest.mark.parametrize(
    "runner", [(kind, 4) for kind in _KILLS_WITH_BUDGET], indirect=True, ids=list(_KILLS_WITH_BUDGET)
)
async def test_the_budget_with_killed_workers(
    service: SpeechService, runner: str, tmp_path: Path, report: Report
) -> None:
    """Four workers, of which one is killed at a random moment, never make more calls than the budget allows."""
    kind = runner.partition(":")[0]
    dice, most, rounds = random.Random(f"{SEED} {kind}"), 0, size(nightly=_KILLS_WITH_BUDGET[kind], usual=2)
    manifest, budget = write_manifest(tmp_path / "book.csv", short_rows(_ROWS)), {"max_calls": _BUDGET}
    for number in range(rounds):
        service.reset_calls()
        results = tmp_path / f"results-{number}"
        moment = kill_moment(service, dice.randint(0, _BUDGET - _CONCURRENCY), dice)
        first = await run_and_kill(manifest, results, settings(runner, budget=budget), moment)
        second = await run(manifest, results, settings("local", budget=budget))
        assert {first.exit_code, second.exit_code} == {ExitCode.BUDGET}
        most = max(most, len(service.requested))
        assert most <= _BUDGET
        shutil.rmtree(results)
    report(f"worker_kills_budget_{kind}", {"kills": rounds, "budget_of_calls": _BUDGET, "calls_made_at_most": most})
