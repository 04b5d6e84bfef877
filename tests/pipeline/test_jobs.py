"""Shard jobs are plain data: a process that has not opened the run can do them within a budget grant."""

import asyncio
import pickle
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.flows.results import statuses, violations, write_manifest
from tests.flows.speech_service import SpeechService, speech_service
from voicemill.config import Settings
from voicemill.errors import ConfigError
from voicemill.pipeline.execute import RunSpec, execute
from voicemill.pipeline.jobs import BudgetGrant, ShardJob, ShardResult, run_shard
from voicemill.pipeline.steps import RunSteps

_IN_ANOTHER_PROCESS = """
import asyncio, pickle, sys
from voicemill.pipeline.jobs import run_shard
result = asyncio.run(run_shard(pickle.load(sys.stdin.buffer)))
sys.stdout.buffer.write(pickle.dumps(result))
"""


class _OtherProcesses(RunSteps):
    """Sends every shard to a separate process."""

    def __init__(self) -> None:
        self.results: list[ShardResult] = []

    async def run_shard(self, job: ShardJob) -> ShardResult:
        grant = BudgetGrant(max_concurrency=2, calls=5)
        granted = ShardJob(job.run_id, job.results, job.plan_id, job.shard, job.settings, job.selection, grant)
        done = await asyncio.to_thread(
            subprocess.run,
            [sys.executable, "-c", _IN_ANOTHER_PROCESS],
            input=pickle.dumps(granted),
            capture_output=True,
            check=True,
        )
        self.results.append(pickle.loads(done.stdout))
        return self.results[-1]


@pytest.fixture
def service() -> Iterator[SpeechService]:
    """A scripted service that the environment names."""
    with speech_service() as service:
        yield service


async def test_shards_can_be_processed_in_other_processes(service: SpeechService, tmp_path: Path) -> None:
    """The results of shards from other processes are published and equal those of a run in one process."""
    manifest = write_manifest(
        tmp_path / "book.csv", [{"id": "a", "text": "First row."}, {"id": "b", "text": "Second row."}]
    )
    steps = _OtherProcesses()
    await execute(RunSpec(str(manifest), tmp_path / "remote", Settings()), steps)
    await execute(RunSpec(str(manifest), tmp_path / "local", Settings()))
    assert [result.calls_made for result in steps.results] == [1, 1]
    assert statuses(tmp_path / "remote") == {"a": "done", "b": "done"}
    assert violations(tmp_path / "remote") == []
    for name in ("a.wav", "b.wav"):
        assert (tmp_path / "remote/audio" / name).read_bytes() == (tmp_path / "local/audio" / name).read_bytes()


async def test_a_job_without_a_grant_needs_the_open_run(tmp_path: Path) -> None:
    """A process that has not opened the run refuses a job without a budget grant."""
    from voicemill.pipeline.shard import Shard

    job = ShardJob("run", tmp_path, "plan", Shard(0, 0, 1, "a", "a", tmp_path / "part.parquet"), Settings())
    with pytest.raises(ConfigError, match="budget grant"):
        await run_shard(job)
