"""Fixtures: a scripted speech service for the calls of the library, and machines that share an object store."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.flows.conftest import service
from tests.flows.speech_service import SpeechService
from tests.library.machines import Machines
from tests.s3_server import s3_server

__all__ = ["service"]


@pytest.fixture(scope="module")
def s3_url() -> Iterator[str]:
    """The address of an S3 server."""
    with s3_server() as address:
        yield address


@pytest.fixture
def machines(service: SpeechService, s3_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Machines:
    """Machines that reach the S3 server by the usual environment variables."""
    for name, value in {"ACCESS_KEY_ID": "k", "SECRET_ACCESS_KEY": "s", "DEFAULT_REGION": "us-east-1"}.items():
        monkeypatch.setenv(f"AWS_{name}", value)
    monkeypatch.setenv("AWS_ENDPOINT_URL", s3_url)
    return Machines(tmp_path, monkeypatch)
