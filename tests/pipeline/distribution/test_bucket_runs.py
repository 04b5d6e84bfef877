"""Runs whose workers share no folder, with results in an object store."""

import os
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import pytest

from tests.faults.figures import SHARE
from tests.flows.results import short_rows, violations, write_manifest
from tests.flows.speech_service import SpeechService, speech_service
from tests.pipeline.distribution.bucket_runs import (
    bucket,
    cluster_without_shared_folder,
    download,
    run_and_kill_at,
    run_at,
    stored_names,
)
from tests.pipeline.distribution.killed_workers import audio_of, expected_audio, settings
from tests.waiting import wait_until
from voicemill.errors import ExitCode

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::ResourceWarning")

_SLOW = pytest.mark.skipif(not SHARE, reason="starts several processes: `make faults`")
_CONCURRENCY = 8
_ROWS = 32
_SHARD_ROWS = 8
_ROOT = Path(__file__).parents[3]
_DRIVER = """
import asyncio, sys
from pathlib import Path
from tests.pipeline.distribution.bucket_runs import run_at
from tests.pipeline.distribution.killed_workers import settings
asyncio.run(run_at(Path(sys.argv[1]), sys.argv[2], settings(sys.argv[3], shard_rows=8)))
"""


@pytest.fixture(scope="module")
def stored() -> Iterator[None]:
    """A bucket that the environment names."""
    with bucket():
        yield


@pytest.fixture
def service(stored: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[SpeechService]:
    """A service that the environment names, and an empty disk."""
    monkeypatch.setenv("VOICEMILL_SCRATCH", str(tmp_path / "scratch"))
    with speech_service() as service:
        service.speaker.latency_s = 0.05
        yield service


def _check_results(address: str, folder: Path, rows: int) -> None:
    """The stored results are those of a local run, and nothing else is left."""
    results = download(address, folder)
    assert violations(results) == []
    assert audio_of(results) == expected_audio(rows)
    assert not [name for name in stored_names(address) if "/workers/" in name or "/parts/" in name]


@_SLOW
async def test_a_killed_worker_loses_no_stored_answer(service: SpeechService, tmp_path: Path) -> None:
    """Two workers, one of them killed, store the files of a local run and repeat only calls in flight."""
    address, manifest = "s3://results/killed", write_manifest(tmp_path / "book.csv", short_rows(_ROWS))
    summary = await run_and_kill_at(
        manifest, address, settings("process:2", shard_rows=_SHARD_ROWS), lambda: len(service.requested) >= 10
    )
    assert (summary.exit_code, summary.rows["done"]) == (ExitCode.OK, _ROWS)
    assert _ROWS <= len(service.requested) <= _ROWS + _CONCURRENCY
    assert max(call.in_flight for call in service.server.calls) <= _CONCURRENCY
    _check_results(address, tmp_path / "downloaded", _ROWS)


@pytest.mark.skipif(find_spec("distributed") is None, reason="Dask is not installed: pip install 'voicemill[dask]'")
async def test_workers_of_a_cluster_share_no_folder(service: SpeechService, tmp_path: Path) -> None:
    """Dask workers that each have another working folder and disk store the files of a local run."""
    address, manifest = "s3://results/dask", write_manifest(tmp_path / "book.csv", short_rows(_ROWS))
    with cluster_without_shared_folder(tmp_path) as cluster:
        chosen = settings(cluster.runner, shard_rows=_SHARD_ROWS)
        summary = await run_and_kill_at(manifest, address, chosen, lambda: len(service.requested) >= 10)
    assert (summary.exit_code, summary.rows["done"]) == (ExitCode.OK, _ROWS)
    assert _ROWS <= len(service.requested) <= _ROWS + _CONCURRENCY
    _check_results(address, tmp_path / "downloaded", _ROWS)


async def test_a_killed_run_is_resumed_on_an_empty_disk(
    service: SpeechService, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """When the run and its workers are killed, another machine continues and repeats only calls in flight."""
    address, manifest = "s3://results/resumed", write_manifest(tmp_path / "book.csv", short_rows(_ROWS))
    command = [sys.executable, "-c", _DRIVER, str(manifest), address, "process:2"]
    with subprocess.Popen(command, cwd=_ROOT, start_new_session=True) as driver:
        wait_until(lambda: len(service.requested) >= 10, "10 calls")
        os.killpg(driver.pid, signal.SIGKILL)
    monkeypatch.setenv("VOICEMILL_SCRATCH", str(tmp_path / "another"))
    summary = await run_at(manifest, address, settings("process:2", shard_rows=_SHARD_ROWS))
    assert (summary.exit_code, summary.rows["done"]) == (ExitCode.OK, _ROWS)
    assert len(service.requested) <= _ROWS + _CONCURRENCY
    _check_results(address, tmp_path / "downloaded", _ROWS)


@_SLOW
async def test_workers_share_one_budget(service: SpeechService, tmp_path: Path) -> None:
    """Workers never spend more than the budget of the run together, and send duplicate calls once."""
    rows = [*short_rows(30), *({"id": f"again-{row['id']}", "transcript": row["transcript"]} for row in short_rows(10))]
    address, manifest = "s3://results/budget", write_manifest(tmp_path / "book.csv", rows)
    summary = await run_at(manifest, address, settings("process:2", shard_rows=_SHARD_ROWS, budget={"max_calls": 15}))
    assert summary.exit_code == ExitCode.BUDGET
    assert len(service.requested) <= 15
    assert max(Counter(service.requested).values()) == 1
