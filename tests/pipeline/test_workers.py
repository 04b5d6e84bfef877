"""Bounded concurrency: the number of workers, lazy reading of the queue, and errors."""

import asyncio
from collections.abc import Iterator

import pytest

from voicemill.pipeline.workers import run_concurrently


@pytest.mark.parametrize("workers", [1, 2, 7, 100])
async def test_every_item_is_processed_once(workers: int) -> None:
    """At most the given number of workers run, and exactly that number if there are enough items."""
    done: list[int] = []
    running, most = 0, 0

    async def work(item: int) -> None:
        nonlocal running, most
        running += 1
        most = max(most, running)
        await asyncio.sleep(0)
        running -= 1
        done.append(item)

    await run_concurrently(range(50), workers, work)
    assert sorted(done) == list(range(50))
    assert most == min(workers, 50)


@pytest.mark.parametrize("count", [0, 1])
async def test_zero_or_one_item(count: int) -> None:
    """No item and a single item are processed."""
    done: list[int] = []

    async def work(item: int) -> None:
        done.append(item)

    await run_concurrently(range(count), 8, work)
    assert done == list(range(count))


async def test_queue_is_read_as_workers_become_free() -> None:
    """The queue is read lazily: no more items are taken than are in progress, except the first two."""
    taken = 0
    ahead = 0

    def items() -> Iterator[int]:
        nonlocal taken
        for item in range(200):
            taken += 1
            yield item

    async def work(item: int) -> None:
        nonlocal ahead
        ahead = max(ahead, taken - item)
        await asyncio.sleep(0)

    await run_concurrently(items(), 4, work)
    assert taken == 200
    assert ahead <= 5


async def test_slow_item_does_not_block_others() -> None:
    """While one worker waits, the others process all remaining items."""
    gate, done = asyncio.Event(), 0

    async def work(item: int) -> None:
        nonlocal done
        if item == 0:
            await gate.wait()
        done += 1
        if done == 99:
            gate.set()

    await run_concurrently(range(100), 2, work)
    assert done == 100


@pytest.mark.parametrize("workers", [1, 4])
async def test_no_item_starts_after_an_error(workers: int) -> None:
    """Items in progress finish, because their calls are billed, and the first error is raised."""
    begun: list[int] = []
    finished: list[int] = []

    async def work(item: int) -> None:
        begun.append(item)
        await asyncio.sleep(0)
        if item == 5:
            raise ValueError(item)
        await asyncio.sleep(0)
        finished.append(item)

    with pytest.raises(ValueError, match="5"):
        await run_concurrently(range(100), workers, work)
    assert set(begun) - {5} == set(finished)
    assert max(begun) <= 5 + workers


async def test_cancellation_stops_all_workers() -> None:
    """When `run_concurrently` is cancelled, every worker is cancelled."""
    running = 0

    async def work(_thing: int) -> None:
        nonlocal running
        running += 1
        try:
            await asyncio.Event().wait()
        finally:
            running -= 1

    task = asyncio.create_task(run_concurrently(range(10), 3, work))
    while running < 3:
        await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    while running:
        await asyncio.sleep(0)
