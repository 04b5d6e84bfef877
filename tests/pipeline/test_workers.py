"""Many hands and one queue: how many at once, what is read when, and what happens after an error."""

import asyncio
from collections.abc import Iterator

import pytest

from voicemill.pipeline.workers import run_concurrently


@pytest.mark.parametrize("hands", [1, 2, 7, 100])
async def test_everything_is_done_once(hands: int) -> None:
    """By at most that many hands at a time, and by as many where there is work for them."""
    done: list[int] = []
    at_work, most = 0, 0

    async def work(thing: int) -> None:
        nonlocal at_work, most
        at_work += 1
        most = max(most, at_work)
        await asyncio.sleep(0)
        at_work -= 1
        done.append(thing)

    await run_concurrently(range(50), hands, work)
    assert sorted(done) == list(range(50))
    assert most == min(hands, 50)


@pytest.mark.parametrize("count", [0, 1])
async def test_little_work_needs_no_crew(count: int) -> None:
    """None and one are done without a fuss."""
    done: list[int] = []

    async def work(thing: int) -> None:
        done.append(thing)

    await run_concurrently(range(count), 8, work)
    assert done == list(range(count))


async def test_the_queue_is_read_as_hands_become_free() -> None:
    """A million things are not held at once: no more are taken than are worked on, but for the first two."""
    taken = 0
    ahead = 0

    def things() -> Iterator[int]:
        nonlocal taken
        for thing in range(200):
            taken += 1
            yield thing

    async def work(thing: int) -> None:
        nonlocal ahead
        ahead = max(ahead, taken - thing)
        await asyncio.sleep(0)

    await run_concurrently(things(), 4, work)
    assert taken == 200
    assert ahead <= 5


async def test_a_slow_thing_holds_up_no_other() -> None:
    """While one hand waits the others go on to the end."""
    gate, done = asyncio.Event(), 0

    async def work(thing: int) -> None:
        nonlocal done
        if thing == 0:
            await gate.wait()
        done += 1
        if done == 99:
            gate.set()

    await run_concurrently(range(100), 2, work)
    assert done == 100


@pytest.mark.parametrize("hands", [1, 4])
async def test_after_an_error_nothing_new_is_begun(hands: int) -> None:
    """Those at work finish, for their calls are paid, and the first error is raised."""
    begun: list[int] = []
    finished: list[int] = []

    async def work(thing: int) -> None:
        begun.append(thing)
        await asyncio.sleep(0)
        if thing == 5:
            raise ValueError(thing)
        await asyncio.sleep(0)
        finished.append(thing)

    with pytest.raises(ValueError, match="5"):
        await run_concurrently(range(100), hands, work)
    assert set(begun) - {5} == set(finished)
    assert max(begun) <= 5 + hands


async def test_a_cancelled_crew_is_cancelled_whole() -> None:
    """No hand goes on when the run_concurrently is called off."""
    at_work = 0

    async def work(_thing: int) -> None:
        nonlocal at_work
        at_work += 1
        try:
            await asyncio.Event().wait()
        finally:
            at_work -= 1

    task = asyncio.create_task(run_concurrently(range(10), 3, work))
    while at_work < 3:
        await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    while at_work:
        await asyncio.sleep(0)
