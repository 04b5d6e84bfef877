"""Fixtures: a server and a results folder for each test."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.hostile_server import HostileServer
from tests.hostile_speech import Speaker
from tests.pipeline.shard_runs import ShardRuns
from voicemill.store.results_folder import ResultsFolder


@pytest.fixture
def shard_runs(tmp_path: Path) -> Iterator[ShardRuns]:
    """Runs with a server that replies correctly until a test sets another script."""
    with HostileServer(Speaker()) as server:
        yield ShardRuns(server, ResultsFolder(tmp_path / "results"))
