"""The service that runs ask, the process they are forked from, and the figures of all campaigns."""

from collections.abc import Callable, Iterator

import pytest

from tests.faults.figures import Report
from tests.faults.starting import ForkedRuns, forked_runs
from tests.flows.conftest import service, voicemill

__all__ = ["service", "voicemill"]

_FIGURES = "figures"


@pytest.fixture(scope="session")
def runs() -> Iterator[ForkedRuns]:
    """Runs in processes of their own, forked from one that has imported all they need."""
    with forked_runs() as started:
        yield started


@pytest.fixture
def report(record_property: Callable[[str, object], None]) -> Report:
    """Says a campaign's figures in the summary of the tests; at nightly size they are published."""
    return Report(lambda line: record_property(_FIGURES, line))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """One line for each campaign."""
    for test in terminalreporter.stats.get("passed", []):
        for name, line in test.user_properties:
            if name == _FIGURES:
                terminalreporter.write_line(line)
