"""Progress of a live run: a small file that displays and `voicemill status` read, written twice a second."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

from voicemill.errors import StorageError
from voicemill.pipeline.context import RunContext
from voicemill.pipeline.control import ControlListener
from voicemill.store.results_folder import ResultsFolder, write_json

Progress = dict[str, Any]
ShowProgress = Callable[[Progress], Awaitable[None]]

_WRITE_EVERY_S = 0.5
_SHOW_EVERY = 10


@asynccontextmanager
async def report_progress(context: RunContext, results: ResultsFolder, show: ShowProgress) -> AsyncIterator[None]:
    """Write progress until the block ends, then once more, and obey `voicemill control`.

    `show` is awaited with the progress every few seconds and at the end. A display that fails does not stop the run.
    """
    control = ControlListener(context, results)
    ticker = asyncio.create_task(_tick(context, results, control, show))
    try:
        yield
    finally:
        ticker.cancel()
        with suppress(asyncio.CancelledError):
            await ticker
        progress = _progress(context, control)
        context.history.record_point(progress, is_last=True)
        _write(results, progress, context)
        await _show(show, progress)


async def _tick(context: RunContext, results: ResultsFolder, control: ControlListener, show: ShowProgress) -> None:
    count = 0
    while True:
        control.poll()
        progress = _progress(context, control)
        context.history.record_point(progress)
        await asyncio.to_thread(_write, results, progress, context)
        if count % _SHOW_EVERY == _SHOW_EVERY - 1:
            await _show(show, progress)
        count += 1
        await asyncio.sleep(_WRITE_EVERY_S)


async def _show(show: ShowProgress, progress: Progress) -> None:
    with suppress(Exception):
        await show(progress)


def _progress(context: RunContext, control: ControlListener) -> Progress:
    with suppress(StorageError):
        context.limiter.budget.write()
    limiter, budget = context.limiter, context.limiter.budget
    limits = {
        "slots": 0 if context.draining else limiter.slots,  # a stopping run admits all calls so that they end
        "why": limiter.why,
        "waiting_for": limiter.waiting_for,
        "oldest_call_s": limiter.oldest_call_s,
        "credits_spent": budget.spent.credits,
        "max_credits": budget.max_credits,
        "elapsed_s": round(time.monotonic() - control.started_s, 1),
    }
    if context.workers is not None:
        limits |= context.workers.progress()
    return asdict(context.stats) | limits | {"control": dict(control.state), "at": datetime.now(UTC).isoformat()}


def _write(results: ResultsFolder, progress: Progress, context: RunContext) -> None:
    with suppress(StorageError):  # the writes that matter report a full disk
        context.limiter.budget.sync()
        write_json(results.progress, progress)
        context.history.write(results)
