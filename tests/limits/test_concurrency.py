"""The priority semaphore: how many hold a slot, and who is next."""

import asyncio
import math
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from voicemill.limits.concurrency import PrioritySemaphore


async def run_ready_tasks() -> None:
    """Let all tasks run that can."""
    for _ in range(5):
        await asyncio.sleep(0)


class Holders:
    """Tasks that hold a slot until they are released; `holding` and `admitted` are in the order of admission."""

    def __init__(self, semaphore: PrioritySemaphore) -> None:
        self.semaphore = semaphore
        self.holding: list[int] = []
        self.admitted: list[int] = []
        self.release_events: dict[int, asyncio.Event] = {}
        self.tasks: dict[int, asyncio.Task[None]] = {}

    def acquire(self, *names: int) -> None:
        """Start a task for each name that acquires a slot."""
        for name in names:
            self.release_events[name] = asyncio.Event()
            self.tasks[name] = asyncio.create_task(self._hold(name))

    async def _hold(self, name: int) -> None:
        async with self.semaphore:
            self.holding.append(name)
            self.admitted.append(name)
            try:
                await self.release_events[name].wait()
            finally:
                self.holding.remove(name)

    async def release(self, *names: int) -> None:
        """Let the named tasks release their slots."""
        for name in names:
            self.release_events[name].set()
        await run_ready_tasks()

    async def end(self) -> None:
        """Let all tasks end."""
        await self.release(*self.release_events)
        await asyncio.gather(*self.tasks.values(), return_exceptions=True)


async def test_limit_holds_at_any_moment() -> None:
    """At most `limit` tasks hold a slot, and all of them get one."""
    semaphore, most, turns = PrioritySemaphore(3), 0, 0

    async def work() -> None:
        nonlocal most, turns
        async with semaphore:
            most, turns = max(most, semaphore.held), turns + 1
            await asyncio.sleep(0)

    await asyncio.gather(*(work() for _ in range(50)))
    assert (most, turns, semaphore.held) == (3, 50, 0)


async def test_waiters_are_admitted_in_order() -> None:
    """Of equal priority, the longest waiting goes first."""
    holders = Holders(PrioritySemaphore(2))
    holders.acquire(*range(10))
    await run_ready_tasks()
    for name in range(10):
        await holders.release(name)
    assert holders.admitted == list(range(10))
    await holders.end()


async def test_new_waiter_does_not_overtake() -> None:
    """A released slot goes to the longest waiting, not to a task that has just arrived."""
    holders = Holders(PrioritySemaphore(1))
    holders.acquire(1, 2)
    await run_ready_tasks()
    holders.acquire(3)
    await holders.release(1)
    assert holders.holding == [2]
    await holders.release(2)
    assert holders.admitted == [1, 2, 3]
    await holders.end()


async def test_highest_priority_goes_first() -> None:
    """Retries go before expensive calls, expensive calls before cheap ones, and equals keep their order."""
    semaphore, order = PrioritySemaphore(1), list[str]()

    async def acquire(name: str, priority: float) -> None:
        await semaphore.acquire(priority)
        order.append(name)

    await semaphore.acquire()
    waiters = [("short", 5.0), ("long", 500.0), ("second short", 5.0), ("retry", math.inf), ("second long", 500.0)]
    tasks = [asyncio.create_task(acquire(*waiter)) for waiter in waiters]
    await run_ready_tasks()
    assert semaphore.waiting == 5
    for _ in tasks:
        semaphore.release()
        await run_ready_tasks()
    assert order == ["retry", "long", "second long", "short", "second short"]
    assert all(task.done() for task in tasks)


async def test_higher_limit_admits_waiters_at_once() -> None:
    """A higher limit admits as many waiters as there are new slots."""
    holders = Holders(PrioritySemaphore(1))
    holders.acquire(*range(5))
    await run_ready_tasks()
    holders.semaphore.limit = 3
    await run_ready_tasks()
    assert holders.holding == [0, 1, 2]
    assert holders.semaphore.limit == 3
    await holders.end()


async def test_lower_limit_is_reached_as_holders_release() -> None:
    """A lower limit interrupts no holder and admits no waiter until a slot is free."""
    holders = Holders(PrioritySemaphore(4))
    holders.acquire(*range(6))
    await run_ready_tasks()
    holders.semaphore.limit = 2
    await holders.release(0, 1)
    assert holders.holding == [2, 3]
    await holders.release(2)
    assert holders.holding == [3, 4]
    await holders.end()


async def test_cancelled_waiter_takes_no_slot() -> None:
    """A cancelled waiter leaves the queue, and the next one is admitted."""
    holders = Holders(PrioritySemaphore(1))
    holders.acquire(1, 2, 3)
    await run_ready_tasks()
    holders.tasks[2].cancel()
    await run_ready_tasks()
    await holders.release(1)
    assert holders.admitted == [1, 3]
    await holders.end()
    assert holders.semaphore.held == 0


async def test_slot_of_a_waiter_cancelled_on_admission_is_not_lost() -> None:
    """If a waiter is cancelled between its admission and its next step, the slot goes to the next waiter."""
    holders = Holders(PrioritySemaphore(1))
    holders.acquire(1, 2, 3)
    await run_ready_tasks()
    holders.release_events[1].set()
    await asyncio.sleep(0)  # 1 releases its slot; 2 is admitted but has not run yet
    holders.tasks[2].cancel()
    await run_ready_tasks()
    assert holders.holding == [3]
    await holders.end()
    assert holders.semaphore.held == 0


async def test_failing_holder_releases_its_slot() -> None:
    """An error within the block releases the slot."""
    semaphore = PrioritySemaphore(1)
    with pytest.raises(RuntimeError):
        async with semaphore:
            raise RuntimeError
    assert semaphore.held == 0


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.sampled_from(["acquire", "release", "cancel", "limit"]), st.integers(0, 9)), max_size=40))
def test_no_sequence_loses_a_slot(steps: list[tuple[str, int]]) -> None:
    """After any sequence of steps the count is right, and no task waits while a slot is free."""
    asyncio.run(_play(steps))


async def _play(steps: list[Any]) -> None:
    holders, names = Holders(PrioritySemaphore(2)), iter(range(1000))
    for step, number in steps:
        before = len(holders.holding)
        if step == "acquire":
            holders.acquire(next(names))
        elif step == "limit":
            holders.semaphore.limit = number
        elif step == "cancel" and holders.tasks:
            holders.tasks[number % len(holders.tasks)].cancel()
        elif holders.holding:
            await holders.release(holders.holding[number % len(holders.holding)])
        await run_ready_tasks()
        assert holders.semaphore.held == len(holders.holding) <= max(before, holders.semaphore.limit)
        waiting = sum(not task.done() for task in holders.tasks.values()) - len(holders.holding)
        assert waiting == 0 or holders.semaphore.held >= holders.semaphore.limit
    holders.semaphore.limit = 1
    await holders.end()
    assert holders.semaphore.held == 0


async def test_admit_one_exceeds_the_limit_by_one() -> None:
    """It admits the lowest priority, of equals the longest waiting; no other waiter follows."""
    semaphore, admitted = PrioritySemaphore(0), []

    async def acquire(name: str, priority: float) -> None:
        await semaphore.acquire(priority)
        admitted.append(name)

    waiters = [("retry", math.inf), ("long", 9.0), ("cancelled", 1.0), ("short", 2.0), ("second short", 2.0)]
    tasks = {name: asyncio.create_task(acquire(name, priority)) for name, priority in waiters}
    await run_ready_tasks()
    tasks["cancelled"].cancel()
    for expected in ("short", "second short", "long", "retry"):
        semaphore.admit_one()
        await run_ready_tasks()
        assert (admitted[-1], semaphore.held) == (expected, 1)
        semaphore.release()
    semaphore.admit_one()
    assert semaphore.held == 0
