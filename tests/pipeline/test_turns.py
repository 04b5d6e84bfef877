"""Turns: one waiting task continues in each iteration of the event loop."""

import asyncio

from voicemill.pipeline.turns import Turns


async def test_woken_tasks_run_between_the_turns() -> None:
    """What the first task wakes runs before the last task continues."""
    turns, order = Turns(), list[str]()

    async def woken(name: str) -> None:
        order.append(f"woken by {name}")

    async def task(name: str) -> None:
        await turns.wait()
        order.append(name)
        asyncio.get_running_loop().create_task(woken(name))

    await asyncio.gather(*(task(name) for name in "abc"))
    await asyncio.sleep(0)
    assert order.index("woken by a") < order.index("c")
    assert [name for name in order if len(name) == 1] == ["a", "b", "c"]


async def test_a_cancelled_task_gives_its_turn_to_the_next() -> None:
    """The tasks behind a cancelled one continue, and later tasks as well."""
    turns = Turns()
    first, second = (asyncio.create_task(turns.wait()) for _ in range(2))
    await asyncio.sleep(0)
    first.cancel()
    await asyncio.wait([first, second])
    assert first.cancelled()
    assert second.exception() is None
    await turns.wait()
