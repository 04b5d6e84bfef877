"""The service that runs ask, and the process they are forked from."""

from collections.abc import Iterator

import pytest

from tests.faults.process_runs import ForkedRuns, forked_runs
from tests.flows.conftest import service, voicemill

__all__ = ["service", "voicemill"]


@pytest.fixture(scope="session")
def runs() -> Iterator[ForkedRuns]:
    """Runs in processes of their own, forked from one that has imported all they need."""
    with forked_runs() as started:
        yield started
