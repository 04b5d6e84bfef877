"""Runs in worker processes give the results of a run in one process, and survive the death of any of them."""

import asyncio
import json
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.faults.process_runs import forked_runs
from tests.flows.disks import enlarge, small_disk
from tests.flows.results import short_rows, statuses, violations, write_manifest
from tests.flows.speech_service import SpeechService, speech_service
from tests.pipeline.distribution.killed_workers import audio_of, expected_audio, run, run_and_kill, settings
from tests.waiting import wait_until
from voicemill import __version__
from voicemill.config import load_settings
from voicemill.errors import ConfigError, ExitCode, StorageError, WorkersLost
from voicemill.limits.budget import GrantedBudget
from voicemill.pipeline.context import RunLost, Stopped
from voicemill.pipeline.distribution.attempts import Attempts
from voicemill.pipeline.distribution.grants import Grants
from voicemill.pipeline.distribution.job_lines import WorkerLost
from voicemill.pipeline.distribution.worker import open_worker
from voicemill.pipeline.distribution.worker_files import (
    DriverState,
    Grant,
    SlotUse,
    WorkerFiles,
    WorkerState,
    has_workers,
)
from voicemill.pipeline.jobs import ShardJob, ShardResult, run_shard
from voicemill.pipeline.shard import Shard
from voicemill.store.durable_files import write_partial
from voicemill.store.results_folder import ResultsFolder

_CONCURRENCY = 8


@pytest.fixture
def service() -> Iterator[SpeechService]:
    """A service that the environment names."""
    with speech_service() as service:
        yield service


async def test_a_killed_worker_loses_nothing(service: SpeechService, tmp_path: Path) -> None:
    """Two workers, one of them killed, write the bytes of a local run and repeat only calls in flight.

    A file that the killed worker was writing does not stay.
    """
    service.speaker.latency_s = 0.05
    manifest = write_manifest(tmp_path / "book.csv", short_rows(100))

    def has_begun_a_file() -> bool:
        audio = tmp_path / "two" / "audio"
        if len(service.requested) < 30 or not audio.is_dir():
            return False
        write_partial(audio / ".0123456789ab-row-1.wav", (b"RIFF",))
        return True

    service.hold_from(30)
    summary = await run_and_kill(manifest, tmp_path / "two", settings("process:2"), has_begun_a_file, service.release)
    assert (summary.exit_code, summary.rows["done"]) == (ExitCode.OK, 100)
    assert 100 <= len(service.requested) <= 100 + _CONCURRENCY
    assert max(call.in_flight for call in service.server.calls) <= _CONCURRENCY
    assert summary.calls_made <= len(service.requested)
    assert violations(tmp_path / "two") == []
    assert audio_of(tmp_path / "two") == expected_audio(100)


def test_workers_end_with_their_driver(service: SpeechService, tmp_path: Path) -> None:
    """When the driver is killed, its workers make no more calls, and the next run repeats only calls in flight.

    A call counts as spent before it is sent, so that calls which never left a stopping worker count too.
    """
    service.speaker.latency_s = 0.05
    manifest = write_manifest(tmp_path / "book.csv", short_rows(100))
    profile = tmp_path / "profile.toml"
    options = "[defaults]\nsample_rate = 8000\n[pace]\nmax_concurrency = 8\n"
    profile.write_text(f'runner = "process:2"\n{options}')
    command = ("run", manifest, "-o", tmp_path / "results", "--profile", profile)
    with forked_runs() as runs:
        service.hold_from(30)
        first = runs.start(tmp_path, *command)
        wait_until(lambda: len(service.requested) >= 30, "30 requests")
        first.kill()
        first.wait()
        wait_until(lambda: not has_workers(ResultsFolder(tmp_path / "results")), "the end of the workers")
        service.release()
        service.server.settle()
        made = len(service.requested)
        assert made < 100
        profile.write_text(options)
        result = runs.run(tmp_path, *command)
    assert result.code == 0, result.stderr
    assert len(service.requested) <= 100 + _CONCURRENCY
    assert set(statuses(tmp_path / "results").values()) == {"done"}
    spent = json.loads(ResultsFolder(tmp_path / "results").spent.read_text())["calls"]
    assert len(service.requested) <= spent <= 100 + _CONCURRENCY


async def test_a_full_disk_stops_all_workers(service: SpeechService, tmp_path: Path) -> None:
    """The run ends with the exit code of a full disk; with more space the same command completes it."""
    rows = [
        {"id": row["id"], "transcript": f"{row['transcript']} {'Some more words. ' * 30}"} for row in short_rows(24)
    ]
    manifest, chosen = write_manifest(tmp_path / "book.csv", rows), settings("process:2")
    with small_disk(tmp_path / "disk", megabytes=4) as disk:
        with pytest.raises(StorageError, match="disk is full") as full:
            await run(manifest, disk / "results", chosen)
        assert full.value.exit_code is ExitCode.FATAL_STORAGE
        assert len(service.requested) < 24
        enlarge(disk, megabytes=60)
        summary = await run(manifest, disk / "results", chosen)
        assert (summary.exit_code, summary.rows["done"]) == (ExitCode.OK, 24)
        assert violations(disk / "results") == []
    assert len(service.requested) <= 24 + _CONCURRENCY


async def test_workers_share_one_budget(service: SpeechService, tmp_path: Path) -> None:
    """Workers spend at most the budget of the run together, and send duplicate calls once."""
    service.speaker.latency_s = 0.02
    rows = [*short_rows(60), *({"id": f"again-{row['id']}", "transcript": row["transcript"]} for row in short_rows(30))]
    manifest = write_manifest(tmp_path / "book.csv", rows)
    chosen = settings("process:2", budget={"max_calls": 30})
    summary = await run(manifest, tmp_path / "results", chosen)
    assert summary.exit_code == ExitCode.BUDGET
    assert "the budget of 30 calls" in summary.reason
    assert len(service.requested) == 30
    assert max(Counter(service.requested).values()) == 1


def _job(results: ResultsFolder, *, version: str = __version__, service: str = "") -> ShardJob:
    results.create()
    files = WorkerFiles(results, "run")
    files.create()
    files.write_driver(DriverState(1, {}))
    shard = Shard(0, 0, 1, "a", "a", results.parts / "00000.0.parquet")
    return ShardJob("run", results.path, "plan", shard, settings("process:1"), service=service, version=version)


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"service": "https://speech.example.org"}, "would use http://"),
        ({"version": "0.0.1"}, "the run was started with 0.0.1"),
    ],
)
async def test_other_services_and_versions_are_refused(
    service: SpeechService, tmp_path: Path, changes: dict[str, str], expected: str
) -> None:
    """A worker with another service or version than the run refuses its job before it makes a call."""
    with pytest.raises(ConfigError, match=expected):
        async with open_worker("worker", _job(ResultsFolder(tmp_path / "results"), **changes)):
            pass
    assert service.server.calls == []


async def test_a_worker_without_the_key_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A worker without a key does not continue the results of Cartesia with the embedded engine."""
    for name in ("CARTESIA_API_KEY", "CARTESIA_BASE_URL"):
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(ConfigError, match="CARTESIA_API_KEY is not set"):
        async with open_worker("worker", _job(ResultsFolder(tmp_path / "results"), service="https://api.cartesia.ai")):
            pass


async def test_a_job_of_an_unknown_run_is_refused(tmp_path: Path) -> None:
    """A process in which the run is not open refuses its jobs."""
    with pytest.raises(ConfigError, match="not open in this process"):
        await run_shard(_job(ResultsFolder(tmp_path / "results")))


@pytest.mark.parametrize(
    "runner",
    ["dask://scheduler", "dask://user@scheduler:8786", "dusk://scheduler:8786", "process:0", "ray://head", "pool:"],
)
def test_an_invalid_runner_is_refused(runner: str) -> None:
    """A runner without an address or a number of workers is an invalid setting."""
    with pytest.raises(ConfigError, match="runner"):
        load_settings(None, runner=runner)


async def test_a_worker_that_was_frozen_makes_no_call(
    service: SpeechService, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A worker that wakes up after the driver's time limit stops before its next call and does not write its table."""
    await run(write_manifest(tmp_path / "book.csv", short_rows(1)), tmp_path / "results", settings("local"))
    job = _job(ResultsFolder(tmp_path / "results"), service=service.url)
    async with open_worker("worker", job) as frozen:
        frozen.context.check_going()
        monkeypatch.setattr(frozen.context, "valid_until_s", time.monotonic() - 1)
        with pytest.raises(Stopped):
            frozen.context.check_going()
        with pytest.raises(RunLost):
            frozen.context.check_not_lost()


async def test_a_worker_with_its_own_cores_has_no_share_of_a_limit(service: SpeechService, tmp_path: Path) -> None:
    """A worker makes no call before it has a grant, and uses all slots of its machine if the grant names no number."""
    await run(write_manifest(tmp_path / "book.csv", short_rows(1)), tmp_path / "results", settings("local"))
    job = _job(ResultsFolder(tmp_path / "results"), service=service.url)
    async with open_worker("worker", job) as worker:
        limits = worker.context.limiter.by_family.values()
        assert {limit.share for limit in limits} == {0}
        WorkerFiles(ResultsFolder(job.results), job.run_id).write_driver(DriverState(2, {"worker": Grant()}))
        await worker.apply_driver_state()
        assert {limit.share for limit in limits} == {None}


async def test_attempts_of_a_lost_worker_end(tmp_path: Path) -> None:
    """An attempt that a cluster still lists ends once its worker is lost; those of other workers go on."""
    job = _job(ResultsFolder(tmp_path / "results"))
    files = WorkerFiles(ResultsFolder(job.results), job.run_id)
    cluster = _SilentCluster(files)
    attempts = Attempts(cluster, files)
    first, second = (asyncio.create_task(attempts.process(job)) for _ in range(2))
    await cluster.has_both.wait()
    attempts.abandon("worker-1", files.started_by("worker-1"))
    with pytest.raises(WorkerLost) as lost:
        await first
    assert (lost.value.worker, attempts.count) == ("worker-1", 1)
    attempts.fail(WorkersLost("no worker is left"))
    with pytest.raises(WorkersLost):
        await second


class _SilentCluster:
    """Starts each job in another worker, and never ends one."""

    def __init__(self, files: WorkerFiles) -> None:
        self._files, self._started = files, 0
        self.has_both = asyncio.Event()

    async def process(self, job: ShardJob) -> ShardResult:
        """Start a job."""
        self._started += 1
        self._files.start(job.attempt, f"worker-{self._started}")
        if self._started == 2:
            self.has_both.set()
        never: asyncio.Future[ShardResult] = asyncio.get_running_loop().create_future()
        return await never


async def test_a_lowered_grant_goes_to_others_once_the_worker_has_read_it(
    service: SpeechService, tmp_path: Path
) -> None:
    """A worker may have read a grant that it has not reported yet: its slots stay reserved until it reports."""
    await run(write_manifest(tmp_path / "book.csv", short_rows(1)), tmp_path / "results", settings("local"))
    job = _job(ResultsFolder(tmp_path / "results"), service=service.url)
    async with open_worker("worker", job) as worker:
        for limit in worker.context.limiter.by_family.values():
            limit.set_share(None)
        grants = Grants(worker.context, are_local=True)
        first, second = (WorkerState(name, "host", 1, slots={"tts": SlotUse(0, 0, 8)}) for name in ("a", "b"))
        grants.update({"a": first}, {}, 1)
        total = (grants.by_worker["a"].slots or {})["tts"]
        grants.update({"a": first, "b": second}, {}, 2)
        grants.update({"a": first, "b": second}, {}, 3)
        assert (grants.by_worker["b"].slots or {})["tts"] == 0
        lower = (grants.by_worker["a"].slots or {})["tts"]
        assert 0 < lower < total
        first = replace(first, seen_beat=3, slots={"tts": SlotUse(lower, 0, 8)})
        grants.update({"a": first, "b": second}, {}, 4)
        assert (grants.by_worker["b"].slots or {})["tts"] == total - lower


async def test_a_lost_worker_counts_as_having_spent_a_grant_that_was_lowered_again(
    service: SpeechService, tmp_path: Path
) -> None:
    """It may have read the larger grant, and made its calls, before it was killed."""
    await run(write_manifest(tmp_path / "book.csv", short_rows(1)), tmp_path / "results", settings("local"))
    async with open_worker("worker", _job(ResultsFolder(tmp_path / "results"), service=service.url)) as worker:
        budget = worker.context.limiter.budget
        assert isinstance(budget, GrantedBudget)
        budget.grant(None, 4)
        grants = Grants(worker.context, are_local=False)
        first = WorkerState("a", "host", 1)
        second = WorkerState("b", "host", 2, needed_credits=20.0)
        grants.update({"a": first}, {}, 1)
        larger = grants.by_worker["a"].calls
        grants.update({"a": first, "b": second}, {}, 2)
        lower = grants.by_worker["a"].calls
        assert larger is not None
        assert lower is not None
        assert lower < larger
        assert grants.most_spent("a", first).calls == larger
        first = replace(first, seen_beat=2)
        grants.update({"a": first, "b": second}, {}, 3)
        assert grants.most_spent("a", first).calls < larger
