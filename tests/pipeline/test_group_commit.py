"""Group commit: one batch for all items since the last one began, and a minimum interval between batches."""

import asyncio
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.waiting import PATIENCE_S
from voicemill.pipeline.group_commit import GroupCommit


@pytest.fixture
def threads() -> Iterator[ThreadPoolExecutor]:
    """The threads that process batches."""
    with ThreadPoolExecutor(2) as pool:
        yield pool


class RecordingWork:
    """Work that blocks until `may_end` is set and records its batches."""

    def __init__(self) -> None:
        self.batches: list[list[int]] = []
        self.may_end = threading.Event()

    def __call__(self, items: Sequence[int]) -> list[int | Exception]:
        """Multiply by ten; odd numbers above 100 fail, and 13 makes the whole batch fail."""
        self.batches.append(list(items))
        assert self.may_end.wait(PATIENCE_S)
        if 13 in items:
            raise OSError("all of them")
        return [ValueError(str(item)) if item > 100 and item % 2 else item * 10 for item in items]


async def sent(group_commit: GroupCommit[int, int], *items: int) -> list[asyncio.Task[int]]:
    """Send items and return their tasks."""
    tasks = [asyncio.create_task(group_commit.send(item)) for item in items]
    await asyncio.sleep(0)
    return tasks


async def test_items_sent_meanwhile_share_a_batch(threads: ThreadPoolExecutor) -> None:
    """The first item is processed at once, the others in the next batch in order; each gets its own result."""
    work = RecordingWork()
    tasks = await sent(GroupCommit(work, threads, 0), 1, 2, 3)
    work.may_end.set()
    assert await asyncio.gather(*tasks) == [10, 20, 30]
    assert work.batches == [[1], [2, 3]]


async def test_one_item_of_a_batch_may_fail(threads: ThreadPoolExecutor) -> None:
    """An exception among the results is raised only for its item."""
    work = RecordingWork()
    tasks = await sent(GroupCommit(work, threads, 0), 1, 101, 102)
    work.may_end.set()
    outcomes = await asyncio.gather(*tasks, return_exceptions=True)
    assert (outcomes[0], str(outcomes[1]), outcomes[2]) == (10, "101", 1020)


async def test_error_of_the_work_is_raised_for_the_whole_batch(threads: ThreadPoolExecutor) -> None:
    """An exception that the work raises is raised for every item of the batch; the next batch succeeds."""
    work = RecordingWork()
    group_commit = GroupCommit(work, threads, 0)
    tasks = await sent(group_commit, 1, 13, 3)
    work.may_end.set()
    outcomes = await asyncio.gather(*tasks, return_exceptions=True)
    assert outcomes[0] == 10
    assert [str(outcome) for outcome in outcomes[1:]] == ["all of them"] * 2
    assert await group_commit.send(4) == 40


async def test_cancelled_item_does_not_block_others(threads: ThreadPoolExecutor) -> None:
    """The result of a cancelled item is dropped; the other items get theirs."""
    work = RecordingWork()
    tasks = await sent(GroupCommit(work, threads, 0), 1, 2, 3)
    tasks[1].cancel()
    work.may_end.set()
    outcomes = await asyncio.gather(*tasks, return_exceptions=True)
    assert (outcomes[0], outcomes[2]) == (10, 30)
    assert isinstance(outcomes[1], asyncio.CancelledError)


@pytest.fixture
async def pass_time(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    """Advance the clock of the event loop by a number of seconds."""
    loop, passed_s = asyncio.get_running_loop(), [0.0]
    now = loop.time
    monkeypatch.setattr(loop, "time", lambda: now() + passed_s[0])

    def forward(seconds: float) -> None:
        passed_s[0] += seconds

    return forward


async def test_batches_keep_the_interval(threads: ThreadPoolExecutor, pass_time: Callable[[float], None]) -> None:
    """Items sent soon after a batch wait for the interval, however short it was; the first item does not wait."""
    work = RecordingWork()
    work.may_end.set()
    group_commit = GroupCommit(work, threads, 3600)
    assert await group_commit.send(1) == 10
    tasks = await sent(group_commit, 2, 3)
    assert work.batches == [[1]]
    pass_time(3600)
    assert await asyncio.gather(*tasks) == [20, 30]
    assert work.batches == [[1], [2, 3]]
    pass_time(3600)
    assert await group_commit.send(4) == 40


async def test_cancelled_items_start_no_batch(threads: ThreadPoolExecutor, pass_time: Callable[[float], None]) -> None:
    """If all waiting items are cancelled no batch starts, and later items are processed."""
    work = RecordingWork()
    work.may_end.set()
    group_commit = GroupCommit(work, threads, 3600)
    assert await group_commit.send(1) == 10
    (task,) = await sent(group_commit, 2)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    pass_time(3600)
    await asyncio.sleep(0.01)  # the batch is due, but has no items
    assert work.batches == [[1]]
    assert await group_commit.send(3) == 30
    assert work.batches == [[1], [3]]
