"""Fixtures: the command, a service for it, and a profile with few and fast retries."""

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
