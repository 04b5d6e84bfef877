"""How many may hold a slot, and who is next."""

import asyncio
import math
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from voicemill.limits.concurrency import PrioritySemaphore


async def settled() -> None:
    """Let everything that can go on go on."""
    for _ in range(5):
        await asyncio.sleep(0)


class Holders:
    """Tasks that hold a slot until they are told to leave, in the order in which they got one."""

    def __init__(self, slots: PrioritySemaphore) -> None:
        self.slots = slots
        self.inside: list[int] = []
        self.entered: list[int] = []
        self._leave: dict[int, asyncio.Event] = {}
        self.tasks: dict[int, asyncio.Task[None]] = {}

    def come(self, *names: int) -> None:
        """Ask for a slot each."""
        for name in names:
            self._leave[name] = asyncio.Event()
            self.tasks[name] = asyncio.create_task(self._hold(name))

    async def _hold(self, name: int) -> None:
        async with self.slots:
            self.inside.append(name)
            self.entered.append(name)
            try:
                await self._leave[name].wait()
            finally:
                self.inside.remove(name)

    async def leave(self, *names: int) -> None:
        """Give their slots back."""
        for name in names:
            self._leave[name].set()
        await settled()

    async def end(self) -> None:
        """Let all leave."""
        await self.leave(*self._leave)
        await asyncio.gather(*self.tasks.values(), return_exceptions=True)


async def test_no_more_than_the_limit_hold_a_slot() -> None:
    """The limit holds at any moment, and everyone gets a turn."""
    slots, most, turns = PrioritySemaphore(3), 0, 0

    async def work() -> None:
        nonlocal most, turns
        async with slots:
            most, turns = max(most, slots.held), turns + 1
            await asyncio.sleep(0)

    await asyncio.gather(*(work() for _ in range(50)))
    assert (most, turns, slots.held) == (3, 50, 0)


async def test_the_longest_waiting_goes_first() -> None:
    """Turns are taken in the order of asking."""
    holders = Holders(PrioritySemaphore(2))
    holders.come(*range(10))
    await settled()
    for name in range(10):
        await holders.leave(name)
    assert holders.entered == list(range(10))
    await holders.end()


async def test_a_newcomer_does_not_overtake() -> None:
    """A slot that becomes free goes to who waits, not to who just came."""
    holders = Holders(PrioritySemaphore(1))
    holders.come(1, 2)
    await settled()
    holders.come(3)
    await holders.leave(1)
    assert holders.inside == [2]
    await holders.leave(2)
    assert holders.entered == [1, 2, 3]
    await holders.end()


async def test_the_most_urgent_goes_first() -> None:
    """A repeated call overtakes long ones, long ones overtake short ones, and equals keep their order."""
    slots, order = PrioritySemaphore(1), list[str]()

    async def come(name: str, urgency: float) -> None:
        await slots.acquire(urgency)
        order.append(name)

    await slots.acquire()
    asked = [("short", 5.0), ("long", 500.0), ("short too", 5.0), ("repeated", math.inf), ("long too", 500.0)]
    tasks = [asyncio.create_task(come(*one)) for one in asked]
    await settled()
    assert slots.waiting == 5
    for _ in tasks:
        slots.release()
        await settled()
    assert order == ["repeated", "long", "long too", "short", "short too"]
    assert all(task.done() for task in tasks)


async def test_more_slots_are_used_at_once() -> None:
    """Raising the limit lets in as many as there are new slots."""
    holders = Holders(PrioritySemaphore(1))
    holders.come(*range(5))
    await settled()
    holders.slots.limit = 3
    await settled()
    assert holders.inside == [0, 1, 2]
    assert holders.slots.limit == 3
    await holders.end()


async def test_fewer_slots_are_reached_as_holders_leave() -> None:
    """Lowering the limit throws nobody out and lets nobody in until there is room."""
    holders = Holders(PrioritySemaphore(4))
    holders.come(*range(6))
    await settled()
    holders.slots.limit = 2
    await holders.leave(0, 1)
    assert holders.inside == [2, 3]
    await holders.leave(2)
    assert holders.inside == [3, 4]
    await holders.end()


async def test_who_gives_up_waiting_takes_no_slot() -> None:
    """A cancelled wait leaves the queue, and the next one moves up."""
    holders = Holders(PrioritySemaphore(1))
    holders.come(1, 2, 3)
    await settled()
    holders.tasks[2].cancel()
    await settled()
    await holders.leave(1)
    assert holders.entered == [1, 3]
    await holders.end()
    assert holders.slots.held == 0


async def test_a_turn_given_to_one_who_just_gave_up_is_not_lost() -> None:
    """Cancelled in the very moment its turn came: the slot goes on to the next."""
    holders = Holders(PrioritySemaphore(1))
    holders.come(1, 2, 3)
    await settled()
    holders._leave[1].set()
    await asyncio.sleep(0)  # 1 leaves, and 2 has been given its turn but has not run yet
    holders.tasks[2].cancel()
    await settled()
    assert holders.inside == [3]
    await holders.end()
    assert holders.slots.held == 0


async def test_a_failing_holder_gives_its_slot_back() -> None:
    """An error within frees the slot."""
    slots = PrioritySemaphore(1)
    with pytest.raises(RuntimeError):
        async with slots:
            raise RuntimeError
    assert slots.held == 0


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.sampled_from(["come", "leave", "cancel", "limit"]), st.integers(0, 9)), max_size=40))
def test_any_sequence_keeps_the_count(steps: list[tuple[str, int]]) -> None:
    """Whatever comes, leaves, gives up and changes: the count is true, no slot is lost, and nobody waits beside one."""
    asyncio.run(_play(steps))


async def _play(steps: list[Any]) -> None:
    holders, names = Holders(PrioritySemaphore(2)), iter(range(1000))
    for step, number in steps:
        before = len(holders.inside)
        if step == "come":
            holders.come(next(names))
        elif step == "limit":
            holders.slots.limit = number
        elif step == "cancel" and holders.tasks:
            holders.tasks[number % len(holders.tasks)].cancel()
        elif holders.inside:
            await holders.leave(holders.inside[number % len(holders.inside)])
        await settled()
        assert holders.slots.held == len(holders.inside) <= max(before, holders.slots.limit)
        waiting = sum(not task.done() for task in holders.tasks.values()) - len(holders.inside)
        assert waiting == 0 or holders.slots.held >= holders.slots.limit
    holders.slots.limit = 1
    await holders.end()
    assert holders.slots.held == 0


async def test_one_is_let_in_beyond_the_limit() -> None:
    """The least urgent, and of equals the longest waiting; when it leaves, nobody follows."""
    slots, entered = PrioritySemaphore(0), []

    async def come(name: str, urgency: float) -> None:
        await slots.acquire(urgency)
        entered.append(name)

    waiting = [("again", math.inf), ("long", 9.0), ("gone", 1.0), ("short", 2.0), ("short too", 2.0)]
    tasks = {name: asyncio.create_task(come(name, urgency)) for name, urgency in waiting}
    await settled()
    tasks["gone"].cancel()
    for expected in ("short", "short too", "long", "again"):
        slots.admit_one()
        await settled()
        assert (entered[-1], slots.held) == (expected, 1)
        slots.release()
    slots.admit_one()
    assert slots.held == 0
