"""The slots of workers: jobs are given to free ones, and lost workers are replaced."""

import asyncio
from itertools import count

from voicemill.pipeline.distribution.worker_slots import WorkerSlots


def _slots(jobs_per_worker: int) -> WorkerSlots[str]:
    numbers = count(1)

    async def start() -> str:
        return f"worker {next(numbers)}"

    return WorkerSlots(start, jobs_per_worker)


async def _hold(slots: WorkerSlots[str], attempt: str, given: list[tuple[str, str]]) -> None:
    async with slots.taken(attempt) as worker:
        given.append((attempt, worker))
        await asyncio.Event().wait()


async def test_a_replaced_worker_names_jobs_that_it_has_not_started() -> None:
    """A job that was sent to a frozen worker is found by another one that the worker had started before."""
    slots, given = _slots(jobs_per_worker=2), list[tuple[str, str]]()
    slots.start(1)
    async with slots.taken("ended"):
        pass
    held = [asyncio.create_task(_hold(slots, attempt, given)) for attempt in ("started", "waiting")]
    while len(given) < 2:
        await asyncio.sleep(0)
    assert set(slots.replace(["ended"])) == {"ended", "started", "waiting"}
    async with slots.taken("next") as worker:
        assert worker == "worker 2"
    for task in held:
        task.cancel()
    await asyncio.gather(*held, return_exceptions=True)
    assert slots.replace(["started"]) == ["ended", "started", "waiting"]
    async with slots.taken("last") as worker:
        assert worker == "worker 2"
    slots.close()
