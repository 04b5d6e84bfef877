"""Runs in worker processes of which some are killed at a given moment."""

import asyncio
import os
import signal
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from tests.flows.results import short_rows
from tests.flows.speech_service import SpeechService
from tests.hostile_speech import speech_for
from voicemill.config import Settings, load_settings
from voicemill.pipeline.distribution.worker_files import WorkerFiles, WorkerState
from voicemill.pipeline.execute import RunSpec, execute
from voicemill.pipeline.summary import Summary
from voicemill.store.results_folder import ResultsFolder

RATE_HZ = 8000


def settings(runner: str, **sections: object) -> Settings:
    """Settings with short audio and a fixed number of concurrent calls."""
    fixed = {"defaults": {"sample_rate": RATE_HZ}, "pace": {"max_concurrency": 8}}
    return load_settings(None, runner=runner, **fixed, **sections)


async def run(manifest: Path, results: Path, chosen: Settings) -> Summary:
    """Run a manifest in this process, with the workers that the settings name."""
    if chosen.runner.startswith("pool:"):
        from flows.tts import tts  # imports Prefect

        summary: Any = await tts(str(manifest), str(results), chosen)
        return summary  # type: ignore[no-any-return]
    return await execute(RunSpec(str(manifest), results, chosen))


async def run_and_kill(
    manifest: Path,
    results: Path,
    chosen: Settings,
    kill_at: Callable[[], bool],
    after_kill: Callable[[], None] = lambda: None,
) -> Summary:
    """The same; when `kill_at` is true for the first time, the worker with the most calls in flight is killed."""
    killer = asyncio.create_task(_kill_one(results, kill_at, after_kill))
    try:
        summary = await run(manifest, results, chosen)
        assert killer.done(), "the run ended before a worker was killed"
        return summary
    finally:
        killer.cancel()
        with suppress(asyncio.CancelledError):
            await killer


async def run_and_kill_at_call(
    manifest: Path, results: Path, chosen: Settings, service: SpeechService, number: int
) -> Summary:
    """The same; the kill is at the call with this number, and the service replies to that and later calls after it."""
    service.hold_from(number)
    return await run_and_kill(manifest, results, chosen, lambda: service.posted >= number, service.release)


async def _kill_one(results: Path, kill_at: Callable[[], bool], after_kill: Callable[[], None]) -> None:
    while not kill_at():
        await asyncio.sleep(0.002)
    while not (found := living_workers(results)):
        await asyncio.sleep(0.002)
    os.kill(max(found, key=lambda each: each.stats.get("calls_in_flight", 0)).pid, signal.SIGKILL)
    after_kill()


def living_workers(results: Path) -> list[WorkerState]:
    """The workers of the run in a results folder that have not ended."""
    folder = ResultsFolder(results)
    return [
        state
        for path in folder.workers.glob("*/driver.json")
        for state in WorkerFiles(folder, path.parent.name).read_workers().values()
        if not state.has_ended
    ]


def audio_of(results: Path) -> dict[str, bytes]:
    """The audio files of a run, by name."""
    return {path.name: path.read_bytes() for path in (results / "audio").iterdir()}


def expected_audio(rows: int) -> dict[str, bytes]:
    """The audio files of a local run of `short_rows`."""
    return {f"{row['id']}.wav": speech_for(row["transcript"], RATE_HZ) for row in short_rows(rows)}
