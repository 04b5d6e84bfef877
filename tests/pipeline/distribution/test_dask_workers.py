"""Runs in the processes of a Dask cluster on loopback."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from tests.flows.results import short_rows, violations, write_manifest
from tests.flows.speech_service import SpeechService, speech_service
from tests.pipeline.distribution.killed_workers import audio_of, expected_audio, run_and_kill, settings
from tests.waiting import wait_until
from voicemill.errors import ExitCode

pytest.importorskip("distributed", reason="Dask is not installed: pip install 'voicemill[dask]'")

_CONCURRENCY = 8


@contextmanager
def _process(*arguments: str | Path) -> Iterator[None]:
    """A process of the cluster, with its children, until the block ends."""
    command = [sys.executable, "-m", "distributed.cli." + str(arguments[0]), *map(str, arguments[1:])]
    with subprocess.Popen(command, stderr=subprocess.DEVNULL, start_new_session=True) as process:
        try:
            yield
        finally:
            os.killpg(process.pid, signal.SIGKILL)


@pytest.fixture
def service() -> Iterator[SpeechService]:
    """A service that the environment of the cluster names."""
    with speech_service() as service:
        yield service


@pytest.fixture
def cluster(service: SpeechService, tmp_path: Path) -> Iterator[str]:
    """The address of a scheduler with two workers, which run without a supervisor."""
    file = tmp_path / "scheduler.json"
    common = ("--scheduler-file", file, "--no-dashboard")
    with ExitStack() as stack:
        stack.enter_context(_process("dask_scheduler", "--host", "127.0.0.1", "--port", "0", *common))
        wait_until(file.exists, "the address of the scheduler")
        for _ in range(2):
            stack.enter_context(_process("dask_worker", "--no-nanny", "--nthreads", "2", *common))
        address = wait_until(lambda: _address_in(file.read_text()), "the address of the scheduler")
        yield f"dask://{address}"


def _address_in(text: str) -> str:
    return text.partition("tcp://")[2].partition('"')[0]


async def test_a_dask_cluster_survives_the_death_of_a_worker(
    service: SpeechService, cluster: str, tmp_path: Path
) -> None:
    """Two workers, one of them killed, write the bytes of a local run and repeat only calls in flight."""
    service.speaker.latency_s = 0.05
    manifest = write_manifest(tmp_path / "book.csv", short_rows(100))
    summary = await run_and_kill(manifest, tmp_path / "dask", settings(cluster), lambda: len(service.requested) >= 30)
    assert (summary.exit_code, summary.rows["done"]) == (ExitCode.OK, 100)
    assert 100 <= len(service.requested) <= 100 + _CONCURRENCY
    assert max(call.in_flight for call in service.server.calls) <= _CONCURRENCY
    assert violations(tmp_path / "dask") == []
    assert audio_of(tmp_path / "dask") == expected_audio(100)
