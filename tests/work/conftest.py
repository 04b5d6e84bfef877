"""A server and a results folder for each test."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.hostile_server import HostileServer
from tests.hostile_speech import Speaker
from tests.work.workshop import Workshop
from voicemill.store.results import ResultsFolder


@pytest.fixture
def workshop(tmp_path: Path) -> Iterator[Workshop]:
    """Runs against a server that behaves, until a test gives it another script."""
    with HostileServer(Speaker()) as server:
        yield Workshop(server, ResultsFolder(tmp_path / "results"))
