"""Things that travel together: one trip for all that came since the last began, and trips keep their distance."""

import asyncio
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.waiting import PATIENCE_S
from voicemill.pipeline.group_commit import GroupCommit


@pytest.fixture
def threads() -> Iterator[ThreadPoolExecutor]:
    """Where the work is done."""
    with ThreadPoolExecutor(2) as pool:
        yield pool


class Road:
    """Work that lasts until it is let go, and remembers who travelled together."""

    def __init__(self) -> None:
        self.trips: list[list[int]] = []
        self.may_end = threading.Event()

    def __call__(self, things: Sequence[int]) -> list[int | Exception]:
        """Tens, but for odd numbers above 100."""
        self.trips.append(list(things))
        assert self.may_end.wait(PATIENCE_S)
        if 13 in things:
            raise OSError("all of them")
        return [ValueError(str(thing)) if thing > 100 and thing % 2 else thing * 10 for thing in things]


async def sent(group_commit: GroupCommit[int, int], *things: int) -> list[asyncio.Task[int]]:
    """Things on their way."""
    tasks = [asyncio.create_task(group_commit.send(thing)) for thing in things]
    await asyncio.sleep(0)
    return tasks


async def test_what_comes_meanwhile_travels_together(threads: ThreadPoolExecutor) -> None:
    """The first goes at once and alone, the others in the next trip, in order; each gets its own outcome."""
    road = Road()
    tasks = await sent(GroupCommit(road, threads, 0), 1, 2, 3)
    road.may_end.set()
    assert await asyncio.gather(*tasks) == [10, 20, 30]
    assert road.trips == [[1], [2, 3]]


async def test_one_may_fail_alone(threads: ThreadPoolExecutor) -> None:
    """An exception among the outcomes is raised for its own thing only."""
    road = Road()
    tasks = await sent(GroupCommit(road, threads, 0), 1, 101, 102)
    road.may_end.set()
    outcomes = await asyncio.gather(*tasks, return_exceptions=True)
    assert (outcomes[0], str(outcomes[1]), outcomes[2]) == (10, "101", 1020)


async def test_what_work_raises_is_raised_for_all_of_its_trip(threads: ThreadPoolExecutor) -> None:
    """And the next trip departs all the same."""
    road = Road()
    group_commit = GroupCommit(road, threads, 0)
    tasks = await sent(group_commit, 1, 13, 3)
    road.may_end.set()
    outcomes = await asyncio.gather(*tasks, return_exceptions=True)
    assert outcomes[0] == 10
    assert [str(outcome) for outcome in outcomes[1:]] == ["all of them"] * 2
    assert await group_commit.send(4) == 40


async def test_one_that_gave_up_holds_up_nobody(threads: ThreadPoolExecutor) -> None:
    """A cancelled traveller's outcome is nobody's; the others get theirs."""
    road = Road()
    tasks = await sent(GroupCommit(road, threads, 0), 1, 2, 3)
    tasks[1].cancel()
    road.may_end.set()
    outcomes = await asyncio.gather(*tasks, return_exceptions=True)
    assert (outcomes[0], outcomes[2]) == (10, 30)
    assert isinstance(outcomes[1], asyncio.CancelledError)


@pytest.fixture
async def pass_time(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    """Put the clock of the event loop forward, in seconds."""
    loop, passed_s = asyncio.get_running_loop(), [0.0]
    now = loop.time
    monkeypatch.setattr(loop, "time", lambda: now() + passed_s[0])

    def forward(seconds: float) -> None:
        passed_s[0] += seconds

    return forward


async def test_trips_keep_their_distance(threads: ThreadPoolExecutor, pass_time: Callable[[float], None]) -> None:
    """What comes soon after a trip waits for the next one, however short the first was; the first goes at once."""
    road = Road()
    road.may_end.set()
    group_commit = GroupCommit(road, threads, 3600)
    assert await group_commit.send(1) == 10
    tasks = await sent(group_commit, 2, 3)
    assert road.trips == [[1]]
    pass_time(3600)
    assert await asyncio.gather(*tasks) == [20, 30]
    assert road.trips == [[1], [2, 3]]
    pass_time(3600)
    assert await group_commit.send(4) == 40


async def test_a_run_that_was_cancelled_sets_nothing_in_motion(
    threads: ThreadPoolExecutor, pass_time: Callable[[float], None]
) -> None:
    """Those who wait for a trip and give up make none, and the group_commit serves who comes next."""
    road = Road()
    road.may_end.set()
    group_commit = GroupCommit(road, threads, 3600)
    assert await group_commit.send(1) == 10
    (task,) = await sent(group_commit, 2)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    pass_time(3600)
    await asyncio.sleep(0.01)  # its moment comes, and nobody is there
    assert road.trips == [[1]]
    assert await group_commit.send(3) == 30
    assert road.trips == [[1], [3]]
