"""Runs in the processes of a Dask cluster on loopback."""

import asyncio
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.faults.figures import SHARE
from tests.flows.results import short_rows, violations, write_manifest
from tests.flows.speech_service import SpeechService, speech_service
from tests.pipeline.distribution.dask_cluster import dask_cluster
from tests.pipeline.distribution.killed_workers import audio_of, expected_audio, run, run_and_kill_at_call, settings
from tests.waiting import wait_until
from voicemill.errors import ExitCode, WorkersLost
from voicemill.pipeline.distribution import driver
from voicemill.pipeline.distribution.dask_workers import DaskWorkers
from voicemill.pipeline.distribution.job_lines import JobEnd, end_as_json
from voicemill.pipeline.jobs import ShardJob, ShardResult
from voicemill.pipeline.shard import Shard

pytest.importorskip("distributed", reason="Dask is not installed: pip install 'voicemill[dask]'")

_CONCURRENCY = 8


@pytest.fixture
def service() -> Iterator[SpeechService]:
    """A service that the environment of the cluster names."""
    with speech_service() as service:
        yield service


async def test_a_dask_cluster_survives_the_death_of_one_worker_but_not_of_all(
    service: SpeechService, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One of two workers is killed: the other one writes the bytes of a local run and repeats only calls in flight.

    When it is killed too, the next run stops, and the same command without the cluster completes it.
    """
    manifest = write_manifest(tmp_path / "book.csv", short_rows(100))
    with dask_cluster(tmp_path) as cluster:
        chosen = settings(cluster.runner)
        summary = await run_and_kill_at_call(manifest, tmp_path / "dask", chosen, service, 30)
        assert (summary.exit_code, summary.rows["done"]) == (ExitCode.OK, 100)
        assert 100 <= len(service.requested) <= 100 + _CONCURRENCY
        assert max(call.in_flight for call in service.server.calls) <= _CONCURRENCY
        assert violations(tmp_path / "dask") == []
        assert audio_of(tmp_path / "dask") == expected_audio(100)
        await _lose(cluster.workers, cluster.runner, service, tmp_path, monkeypatch)
    await _complete_without_a_cluster(service, tmp_path)


@pytest.mark.skipif(not SHARE, reason="slow: `make faults`")
async def test_a_run_whose_scheduler_is_killed_stops(
    service: SpeechService, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The run stops, and the same command without the cluster completes it."""
    with dask_cluster(tmp_path, [()]) as cluster:
        await _lose([cluster.scheduler], cluster.runner, service, tmp_path, monkeypatch)
    await _complete_without_a_cluster(service, tmp_path)


async def _lose(
    processes: "list[subprocess.Popen[bytes]]",
    runner: str,
    service: SpeechService,
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Kill processes of the cluster at the 20th call of a run."""
    service.reset_calls()
    manifest = write_manifest(folder / "lost.csv", short_rows(60))

    def kill_at_call_20() -> None:
        wait_until(lambda: len(service.requested) >= 20, "20 calls")
        monkeypatch.setattr(driver, "_ABSENCE_TIMEOUT_S", 0.5)
        monkeypatch.setattr(driver, "_WORKER_TIMEOUT_S", 0.5)
        for process in processes:
            process.kill()
        service.release()

    service.hold_from(20)
    killing = asyncio.create_task(asyncio.to_thread(kill_at_call_20))
    with pytest.raises(WorkersLost):
        await run(manifest, folder / "lost", settings(runner))
    await killing


async def _complete_without_a_cluster(service: SpeechService, folder: Path) -> None:
    summary = await run(folder / "lost.csv", folder / "lost", settings("local"))
    assert (summary.exit_code, summary.rows["done"]) == (ExitCode.OK, 60)
    assert len(service.requested) <= 60 + _CONCURRENCY
    assert violations(folder / "lost") == []


class _Client:
    """Fetches the results of all jobs at once, as Dask's client does; each job is the client itself."""

    def __init__(self) -> None:
        self.fetched: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        self.waiting = 0
        self.cancelled: list[_Client] = []

    def submit(self, *_arguments: object, **_options: object) -> "_Client":
        """A job."""
        return self

    async def result(self) -> str:
        """The result of a job."""
        self.waiting += 1
        return await self.fetched

    async def cancel(self, jobs: "list[_Client]") -> None:
        """Cancel jobs."""
        self.cancelled += jobs


async def test_an_abandoned_job_does_not_end_the_others() -> None:
    """Dask waits for several results at once: the end of one wait is not the end of the others."""
    client: Any = _Client()
    workers = DaskWorkers(client, {"tcp://127.0.0.1:1": 2})
    shard = Shard(0, 0, 1, "a", "a", Path("parts/00000.0.parquet"))
    job = ShardJob("run", Path("results"), "plan", shard, settings("dask://127.0.0.1:1"), attempt="first")
    abandoned, kept = (asyncio.create_task(workers.process(job)) for _ in range(2))
    while client.waiting < 2:
        await asyncio.sleep(0)
    abandoned.cancel()
    await asyncio.wait({abandoned})
    client.fetched.set_result(end_as_json(JobEnd(ShardResult({"done": 1}))).decode())
    assert (await kept).rows == {"done": 1}
    assert client.cancelled == [client]
