"""A command to call, and a service for it to ask."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.flows.commands import InThisProcess
from tests.flows.speech_service import SpeechService, speech_service


@pytest.fixture
def voicemill(prefect_server: str, capfd: pytest.CaptureFixture[str]) -> InThisProcess:
    """The command, called in this process."""
    return InThisProcess(capfd)


@pytest.fixture
def service() -> Iterator[SpeechService]:
    """The service that the environment names while the test runs."""
    with speech_service() as service:
        yield service


@pytest.fixture
def brisk(tmp_path: Path) -> Path:
    """A profile that gives up after two attempts and hardly waits in between."""
    profile = tmp_path / "brisk.toml"
    profile.write_text("[pace]\nattempts = 2\nfirst_wait_s = 0.01\nlongest_wait_s = 0.02\nmax_concurrency = 8\n")
    return profile
