"""Workers that are frozen, and workers whose driver was killed, stop by themselves. With real time limits."""

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path

import pytest

from tests.faults.figures import SHARE
from tests.flows.commands import ignoring_prefect_sockets
from tests.flows.results import short_rows, violations, write_manifest
from tests.flows.speech_service import SpeechService, speech_service
from tests.pipeline.distribution.killed_workers import audio_of, expected_audio, living_workers, run, settings
from tests.pipeline.distribution.runners import started_runner
from tests.waiting import wait_until
from voicemill.errors import ExitCode
from voicemill.pipeline.distribution import driver
from voicemill.pipeline.distribution.worker_files import DRIVER_TIMEOUT_S, WorkerState, has_workers
from voicemill.store.results_folder import ResultsFolder

pytestmark = pytest.mark.skipif(not SHARE, reason="waits for half a minute: `make faults`")

_CONCURRENCY = 8
_PACKAGES = {"dask": "distributed", "ray": "ray"}
_ROOT = Path(__file__).parents[3]
_DRIVER = """
import asyncio, sys
from pathlib import Path
from tests.pipeline.distribution.killed_workers import run, settings
asyncio.run(run(Path(sys.argv[1]), Path(sys.argv[2]), settings(sys.argv[3], shard_rows=300)))
"""


@pytest.fixture
def service() -> Iterator[SpeechService]:
    """A service that the environment names."""
    with speech_service() as service:
        yield service


@pytest.fixture
def runner(request: pytest.FixtureRequest, service: SpeechService, tmp_path: Path) -> Iterator[str]:
    """The runner of a kind, with two workers."""
    package = _PACKAGES.get(request.param)
    if package and find_spec(package) is None:
        pytest.skip(f"needs voicemill[{request.param}]")
    server = lambda: str(request.getfixturevalue("prefect_server"))  # noqa: E731
    with ignoring_prefect_sockets(), started_runner(request.param, tmp_path, server) as runner:
        yield runner


def _frozen_worker(service: SpeechService, results: Path) -> tuple[WorkerState, float]:
    """The worker with the most calls in flight after 20 calls, stopped by a signal, and when that was."""
    wait_until(lambda: len(service.requested) >= 20 and len(living_workers(results)) == 2, "two workers and 20 calls")
    worker = max(living_workers(results), key=lambda each: each.stats.get("calls_in_flight", 0))
    os.kill(worker.pid, signal.SIGSTOP)
    return worker, time.monotonic()


@pytest.mark.parametrize("runner", ["process", "dask", "ray", "pool"], indirect=True)
async def test_a_frozen_worker_is_replaced_and_makes_no_call_when_it_continues(
    service: SpeechService, runner: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The run completes without the frozen worker, which then ends without a call."""
    monkeypatch.setattr(driver, "_FROZEN_S", 10.0)
    monkeypatch.setattr(driver, "_WORKER_TIMEOUT_S", 10.0)
    service.speaker.latency_s = 0.2
    manifest, results = write_manifest(tmp_path / "book.csv", short_rows(400)), tmp_path / "results"
    freezing = asyncio.create_task(asyncio.to_thread(_frozen_worker, service, results))
    summary = await run(manifest, results, settings(runner))
    (frozen, frozen_s), made = await freezing, len(service.requested)
    assert (summary.exit_code, summary.rows["done"]) == (ExitCode.OK, 400)
    assert made <= 400 + _CONCURRENCY
    limit_s = frozen_s + DRIVER_TIMEOUT_S + 1
    await asyncio.to_thread(wait_until, lambda: time.monotonic() > limit_s, "the end of the worker's time limit")
    with suppress(ProcessLookupError):  # Workers on this machine are killed, those of a cluster may be.
        os.kill(frozen.pid, signal.SIGCONT)
    await asyncio.to_thread(wait_until, lambda: not has_workers(ResultsFolder(results)), "the end of the frozen worker")
    service.server.settle()
    assert len(service.requested) == made
    assert violations(results) == []
    assert audio_of(results) == expected_audio(400)


@pytest.mark.parametrize("runner", ["process", "dask", "ray", "pool"], indirect=True)
def test_no_worker_makes_a_call_30_s_after_its_driver_was_killed(
    service: SpeechService, runner: str, tmp_path: Path
) -> None:
    """All workers end by themselves, although they have rows left."""
    service.speaker.latency_s = 1.0
    manifest, results = write_manifest(tmp_path / "book.csv", short_rows(3000)), tmp_path / "results"
    command = [sys.executable, "-c", _DRIVER, str(manifest), str(results), runner]
    log = tmp_path / "driver.log"
    with (
        log.open("wb") as stderr,
        subprocess.Popen(command, cwd=_ROOT, start_new_session=True, stderr=stderr) as run_process,
    ):
        wait_until(lambda: len(living_workers(results)) == 2 or run_process.poll() is not None, "two workers")
        wait_until(lambda: len(service.requested) >= 20 or run_process.poll() is not None, "20 calls")
        assert run_process.poll() is None, log.read_text()[-2000:]
        os.killpg(run_process.pid, signal.SIGKILL)
        killed_s = time.monotonic()
    wait_until(lambda: not has_workers(ResultsFolder(results)), "the end of the workers")
    service.server.settle()
    last_call_s = max(call.started_s for call in service.server.calls if call.path == "/tts/bytes")
    assert last_call_s - killed_s <= 30.0
    assert len(service.requested) < 3000
