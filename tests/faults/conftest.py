"""Fixtures: the service that runs use, and the process that forks them."""

from collections.abc import Iterator

import pytest

from tests.faults.process_runs import ForkedRuns, forked_runs
from tests.flows.conftest import service, voicemill

__all__ = ["service", "voicemill"]


@pytest.fixture(scope="session")
def runs() -> Iterator[ForkedRuns]:
    """Runs in processes forked from one that has already imported everything they need."""
    with forked_runs() as started:
        yield started
