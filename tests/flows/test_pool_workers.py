"""A run in flow runs of a Prefect work pool, through a real server and a real worker."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from prefect.client.orchestration import get_client
from prefect.client.schemas.actions import WorkPoolCreate

from flows.pool_workers import pool_workers
from flows.tts import tts
from tests.flows.commands import ignoring_prefect_sockets
from tests.flows.results import short_rows, violations, write_manifest
from tests.flows.speech_service import SpeechService
from tests.pipeline.distribution.killed_workers import audio_of, expected_audio, one_killed, settings
from tests.waiting import PATIENCE_S
from voicemill.errors import ConfigError, ExitCode
from voicemill.pipeline.distribution.worker_files import WorkerFiles
from voicemill.store.results_folder import ResultsFolder

_CONCURRENCY = 8
_POOL = "two-workers"


@contextmanager
def _worker() -> Iterator[None]:
    """A worker of the pool, which starts its flow runs as processes."""
    environment = os.environ | {"PREFECT_WORKER_QUERY_SECONDS": "1"}
    command = [sys.executable, "-m", "prefect", "worker", "start", "--pool", _POOL, "--type", "process"]
    with subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, start_new_session=True) as process:
        try:
            yield
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(PATIENCE_S)


@pytest.mark.clusters
async def test_a_work_pool_survives_the_death_of_a_flow_run(
    service: SpeechService, prefect_server: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two flow runs, one of them killed, write the bytes of a local run and repeat only calls in flight."""
    monkeypatch.setenv("PREFECT_API_URL", prefect_server)
    service.speaker.latency_s = 0.05
    manifest, results = write_manifest(tmp_path / "book.csv", short_rows(100)), tmp_path / "pool"
    async with get_client() as client:
        await client.create_work_pool(WorkPoolCreate(name=_POOL, type="process", concurrency_limit=2))
    with ignoring_prefect_sockets(), _worker():
        async with one_killed(results, lambda: len(service.requested) >= 30):
            summary: Any = await tts(str(manifest), str(results), settings(f"pool:{_POOL}"))
    assert (summary.exit_code, summary.rows["done"]) == (ExitCode.OK, 100)
    assert 100 <= len(service.requested) <= 100 + _CONCURRENCY
    assert max(call.in_flight for call in service.server.calls) <= _CONCURRENCY
    assert violations(results) == []
    assert audio_of(results) == expected_audio(100)


async def test_an_unknown_work_pool_is_refused(
    prefect_server: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A work pool that the server does not have ends the run before a call, with the command that creates one."""
    monkeypatch.setenv("PREFECT_API_URL", prefect_server)
    with ignoring_prefect_sockets(), pytest.raises(ConfigError, match="prefect work-pool create"):
        async with pool_workers("unknown", WorkerFiles(ResultsFolder(tmp_path), "run")):
            pass
