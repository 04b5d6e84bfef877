"""A run that is killed at any instant loses no paid answer, and repeats no more than the calls in flight."""

from pathlib import Path

import pytest

from tests.faults.campaign import CONCURRENCY, Books, Campaign
from tests.faults.figures import CREWS, SEED, SHARE, Report, size
from tests.faults.process_runs import ForkedRuns
from tests.flows.speech_service import SpeechService


@pytest.mark.parametrize("run_concurrently", range(CREWS))
def test_kills(runs: ForkedRuns, service: SpeechService, tmp_path: Path, report: Report, run_concurrently: int) -> None:
    """SIGKILL at random instants, as many manifests as that takes: nothing lost, nothing torn, only calls in flight."""
    books = Campaign(tmp_path, service, runs, SEED + run_concurrently).kill(size(nightly=190, usual=5))
    _hold(books)
    report(f"kills_{run_concurrently + 1}", books.figures())


@pytest.mark.skipif(not SHARE, reason="a whole run of the command for each kill: `make faults`")
@pytest.mark.usefixtures("prefect_server")
def test_kills_of_the_command(runs: ForkedRuns, service: SpeechService, tmp_path: Path, report: Report) -> None:
    """The same for the whole command, which talks with Prefect's server all the while."""
    books = Campaign(tmp_path, service, runs, SEED - 1, plain=False).kill(size(nightly=50, usual=1))
    _hold(books)
    report("kills_of_the_command", books.figures())


def _hold(books: Books) -> None:
    assert books.lost == []
    assert books.torn == []
    assert books.wrong == []
    assert max(books.in_flight) <= CONCURRENCY
    assert books.calls_made <= books.calls_needed + sum(books.in_flight)
