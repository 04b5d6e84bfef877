"""A run that is killed at any instant loses no paid answer, and repeats no more than the calls in flight."""

from pathlib import Path

import pytest

from tests.faults.campaign import CONCURRENCY, Books, Campaign
from tests.faults.figures import publish
from tests.flows.commands import InThisProcess
from tests.flows.speaking import SpeechService


def test_five_kills(voicemill: InThisProcess, service: SpeechService, tmp_path: Path) -> None:
    """Five kills at random instants: nothing lost, nothing torn, and only calls in flight are made again."""
    _hold(Campaign(tmp_path, service, voicemill, seed=1).kill(5))


@pytest.mark.kills
@pytest.mark.timeout(3600)
def test_a_hundred_kills(voicemill: InThisProcess, service: SpeechService, tmp_path: Path) -> None:
    """A hundred kills at random instants, as many manifests as that takes; the figures are published."""
    books = Campaign(tmp_path, service, voicemill, seed=20260101).kill(100)
    _hold(books)
    publish({"kills": books.figures()})


def _hold(books: Books) -> None:
    assert books.lost == []
    assert books.torn == []
    assert books.wrong == []
    assert max(books.in_flight) <= CONCURRENCY
    assert books.calls_made <= books.calls_needed + sum(books.in_flight)
