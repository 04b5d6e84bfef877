"""Group commit: storage work that costs little more for many items than for one, done in batches."""

import asyncio
import math
from collections.abc import Callable, Sequence
from concurrent.futures import Executor
from typing import Generic, TypeVar

T = TypeVar("T")
R = TypeVar("R")


class GroupCommit(Generic[T, R]):
    """Runs `work` in `threads` on all items that arrived since the last batch began.

    Batches begin at least `interval_s` apart: an item that arrives alone is processed at once, items that arrive close
    together share a batch. `work` returns one result for each item, in order; an exception among them belongs to that
    item alone, and an exception that `work` raises belongs to every item of the batch. Used from one event loop.
    """

    def __init__(
        self, work: Callable[[Sequence[T]], Sequence[R | Exception]], threads: Executor, interval_s: float
    ) -> None:
        self._work = work
        self._threads = threads
        self._interval_s = interval_s
        self._waiting: list[tuple[T, asyncio.Future[R]]] = []
        self._is_busy = False
        self._began_s = -math.inf

    async def send(self, item: T) -> R:
        """Process `item` in the next batch and return its result."""
        result: asyncio.Future[R] = asyncio.get_running_loop().create_future()
        self._waiting.append((item, result))
        if not self._is_busy:
            self._schedule()
        return await result

    def _schedule(self) -> None:
        """Begin a batch now, or when the interval has passed."""
        self._is_busy = True
        loop = asyncio.get_running_loop()
        wait_s = self._began_s + self._interval_s - loop.time()
        if wait_s > 0:
            loop.call_later(wait_s, self._begin)
        else:
            self._begin()

    def _begin(self) -> None:
        batch, self._waiting = self._waiting, []
        if all(result.done() for _, result in batch):  # cancelled: the run has ended, and its threads with it
            self._is_busy = False
            return
        loop = asyncio.get_running_loop()
        self._began_s = loop.time()
        working = loop.run_in_executor(self._threads, self._work, [item for item, _ in batch])
        working.add_done_callback(lambda done: self._finish(done, [result for _, result in batch]))

    def _finish(self, done: asyncio.Future[Sequence[R | Exception]], results: list[asyncio.Future[R]]) -> None:
        self._is_busy = False
        if self._waiting:
            self._schedule()
        error = done.exception()
        outcomes = [error] * len(results) if error is not None else done.result()
        for result, outcome in zip(results, outcomes, strict=True):
            if result.done():  # its task was cancelled meanwhile
                continue
            if isinstance(outcome, BaseException):
                result.set_exception(outcome)
            else:
                result.set_result(outcome)
