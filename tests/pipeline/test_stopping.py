"""Stopping a run: it finishes calls in flight and does not wait for retries."""

import asyncio

from tests.hostile_speech import Speaker, error_reply
from tests.pipeline.shard_runs import ShardRuns, spoken_rows
from voicemill.model import Status
from voicemill.pipeline.context import RunContext


async def test_stopped_run_finishes_calls_in_flight(shard_runs: ShardRuns) -> None:
    """After a stop no call starts, answers in flight are stored, and the next run resumes."""
    shard_runs.server.script = Speaker(latency_s=0.05)
    rows = spoken_rows(*(f"Row {number}." for number in range(60)))

    begun: list[int] = []

    async def stop(context: RunContext) -> None:
        while len(shard_runs.server.calls) < 8:
            await asyncio.sleep(0.001)
        context.stop()
        begun.append(len(shard_runs.server.calls))

    worked = await shard_runs.run(rows, stop, pace={"max_concurrency": 4})
    calls = len(shard_runs.server.calls)
    done = worked.ended(Status.DONE)
    assert len(done) == calls == worked.context.stats.calls_kept
    assert calls <= begun[0] + 4 < 60  # those that had left, but had not arrived
    assert len(worked.ended(Status.NOT_STARTED)) == 60 - len(done)
    assert (await shard_runs.run(rows)).ended(Status.DONE) == [row.id for row in rows]
    assert len(shard_runs.server.calls) == 60


async def test_stopped_run_does_not_wait_for_retries(shard_runs: ShardRuns) -> None:
    """A `Retry-After` of ten minutes does not delay the end of a stopped run."""
    shard_runs.server.script = [error_reply(429, "Too many", "Come back later", retry_after="600")]

    async def stop(context: RunContext) -> None:
        while len(shard_runs.server.calls) < 4:
            await asyncio.sleep(0.001)
        context.stop()

    async with asyncio.timeout(60):
        worked = await shard_runs.run(
            spoken_rows("One.", "Two.", "Three.", "Four."), stop, pace={"longest_wait_s": 600.0, "max_concurrency": 4}
        )
    assert len(worked.ended(Status.NOT_STARTED)) == 4
    assert len(shard_runs.server.calls) == 4
