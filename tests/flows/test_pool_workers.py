"""A run in flow runs of a Prefect work pool, through a real server and a real worker."""

from pathlib import Path

import pytest

from flows.pool_workers import pool_workers
from tests.flows.commands import ignoring_prefect_sockets
from tests.flows.results import short_rows, violations, write_manifest
from tests.flows.speech_service import SpeechService
from tests.pipeline.distribution.killed_workers import audio_of, expected_audio, run_and_kill_at_call, settings
from tests.pipeline.distribution.work_pool import work_pool
from voicemill.errors import ConfigError, ExitCode
from voicemill.pipeline.distribution.worker_files import WorkerFiles
from voicemill.store.results_folder import ResultsFolder

_CONCURRENCY = 8


@pytest.mark.clusters
async def test_a_work_pool_survives_the_death_of_a_flow_run(
    service: SpeechService, prefect_server: str, tmp_path: Path
) -> None:
    """Two flow runs, one of them killed, write the bytes of a local run and repeat only calls in flight."""
    service.speaker.latency_s = 0.05
    manifest, results = write_manifest(tmp_path / "book.csv", short_rows(100)), tmp_path / "pool"
    with ignoring_prefect_sockets(), work_pool(prefect_server) as runner:
        summary = await run_and_kill_at_call(manifest, results, settings(runner), service, 30)
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
