"""A run killed at any moment loses no paid answer; resuming it repeats at most the calls that were in flight."""

from pathlib import Path

import pytest

from tests.faults.campaign import CONCURRENCY, Campaign, Totals
from tests.faults.figures import PARTITIONS, SEED, SHARE, Report, size
from tests.faults.process_runs import ForkedRuns
from tests.flows.speech_service import SpeechService


@pytest.mark.parametrize("part", range(PARTITIONS))
def test_kills(runs: ForkedRuns, service: SpeechService, tmp_path: Path, report: Report, part: int) -> None:
    """After SIGKILL at random moments no answer is lost, no file is torn, and only calls in flight are repeated."""
    totals = Campaign(tmp_path, service, runs, SEED + part).kill(size(nightly=190, usual=3))
    _assert_guarantees(totals)
    report(f"kills_{part + 1}", totals.figures())


@pytest.mark.skipif(not SHARE, reason="starts a whole command for each kill: `make faults`")
@pytest.mark.usefixtures("prefect_server")
def test_kills_of_the_command(runs: ForkedRuns, service: SpeechService, tmp_path: Path, report: Report) -> None:
    """The same guarantees hold for the whole command, which communicates with Prefect's server."""
    totals = Campaign(tmp_path, service, runs, SEED - 1, plain=False).kill(size(nightly=50, usual=1))
    _assert_guarantees(totals)
    report("kills_of_the_command", totals.figures())


def _assert_guarantees(totals: Totals) -> None:
    assert totals.lost == []
    assert totals.torn == []
    assert totals.wrong == []
    assert max(totals.in_flight) <= CONCURRENCY
    assert totals.calls_made <= totals.calls_needed + sum(totals.in_flight)
