"""Progress while a run works: a small file for the terminal and `status`, an artifact for Prefect's pages."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from prefect.artifacts import acreate_progress_artifact, aupdate_progress_artifact

from voicemill.errors import StorageError
from voicemill.run.context import RunContext
from voicemill.run.control import Steering
from voicemill.store.results_folder import ResultsFolder, write_json

_FILE_EVERY_S = 0.5
_ARTIFACT_EVERY = 10


@asynccontextmanager
async def report_progress(context: RunContext, results: ResultsFolder) -> AsyncIterator[None]:
    """Report until the block ends, then once more."""
    artifact = await acreate_progress_artifact(0.0, key="progress", description="Rows that have ended, in percent")
    steering = Steering(context, results)
    ticker = asyncio.create_task(_tick(context, results, steering, artifact))
    try:
        yield
    finally:
        ticker.cancel()
        with suppress(asyncio.CancelledError):
            await ticker
        _write(results, _told(context, steering), context.limiter.budget.sync)
        await _show(context, artifact)


async def _tick(context: RunContext, results: ResultsFolder, steering: Steering, artifact: UUID) -> None:
    beat = 0
    while True:
        steering.listen()
        # In a thread of its own: calls must not wait for the disk.
        await asyncio.to_thread(_write, results, _told(context, steering), context.limiter.budget.sync)
        if beat % _ARTIFACT_EVERY == _ARTIFACT_EVERY - 1:
            await _show(context, artifact)
        beat += 1
        await asyncio.sleep(_FILE_EVERY_S)


async def _show(context: RunContext, artifact: UUID) -> None:
    with suppress(Exception):  # a display that cannot be reached stops no work
        await aupdate_progress_artifact(artifact, 100.0 * context.stats.rows_ended / max(1, context.stats.rows))


def _told(context: RunContext, steering: Steering) -> dict[str, Any]:
    with suppress(StorageError):
        context.limiter.budget.write()
    pace = {"slots": context.limiter.slots, "why": context.limiter.why}
    return asdict(context.stats) | pace | {"control": dict(steering.state), "at": datetime.now(UTC).isoformat()}


def _write(results: ResultsFolder, told: dict[str, Any], sync_spending: Callable[[], None]) -> None:
    with suppress(StorageError):  # a full disk is told by the writes that matter
        sync_spending()
        write_json(results.progress, told)
