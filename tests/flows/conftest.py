"""Fixtures: the command, a service for it, and a profile with few and fast retries."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.flows.commands import InThisProcess
from tests.flows.forked import ForkedCommands, forked_commands
from tests.flows.speech_service import SpeechService, speech_service
from tests.flows.without_prefect import without_prefect


@pytest.fixture
def voicemill(request: pytest.FixtureRequest, capfd: pytest.CaptureFixture[str]) -> Iterator[InThisProcess]:
    """The command, called in this process; with the mark `without_prefect`, its flows are plain functions."""
    if request.node.get_closest_marker("without_prefect"):
        with without_prefect():
            yield InThisProcess(capfd)
    else:
        request.getfixturevalue("prefect_server")
        yield InThisProcess(capfd)


@pytest.fixture(scope="session")
def forked(prefect_server: str) -> Iterator[ForkedCommands]:
    """Starts commands in processes forked from one that has already imported everything they need."""
    with forked_commands(prefect_server) as started:
        yield started


@pytest.fixture
def service() -> Iterator[SpeechService]:
    """The service that the environment points at during the test."""
    with speech_service() as service:
        yield service


@pytest.fixture
def fast_retries(tmp_path: Path) -> Path:
    """A profile with one pass, two attempts per call and almost no wait between them."""
    profile = tmp_path / "fast_retries.toml"
    pace = {"passes": 1, "attempts": 2, "first_wait_s": 0.01, "longest_wait_s": 0.02, "max_concurrency": 8}
    profile.write_text("\n".join(["[pace]", *(f"{name} = {value}" for name, value in pace.items())]))
    return profile
