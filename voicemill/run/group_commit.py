"""Things that travel together: storage work that costs little more for many than for one."""

import asyncio
import math
from collections.abc import Callable, Sequence
from concurrent.futures import Executor
from typing import Generic, TypeVar

T = TypeVar("T")
R = TypeVar("R")


class GroupCommit(Generic[T, R]):
    """Does `work` in `threads` for whatever has come since it began last, so one trip there serves many at once.

    Trips begin `apart_s` after one another at the soonest: where things come seldom, each travels at once, and where
    they come close together, they go in company. `work` gives what became of each thing, in order, an exception for one
    that alone failed; what it raises is raised for all that travelled. Used from one event loop.
    """

    def __init__(
        self, work: Callable[[Sequence[T]], Sequence[R | Exception]], threads: Executor, apart_s: float
    ) -> None:
        self._work = work
        self._threads = threads
        self._apart_s = apart_s
        self._waiting: list[tuple[T, asyncio.Future[R]]] = []
        self._is_busy = False
        self._departed_s = -math.inf

    async def send(self, thing: T) -> R:
        """What became of `thing`."""
        arrival: asyncio.Future[R] = asyncio.get_running_loop().create_future()
        self._waiting.append((thing, arrival))
        if not self._is_busy:
            self._get_ready()
        return await arrival

    def _get_ready(self) -> None:
        """Depart, at once or in a moment."""
        self._is_busy = True
        loop = asyncio.get_running_loop()
        wait_s = self._departed_s + self._apart_s - loop.time()
        if wait_s > 0:
            loop.call_later(wait_s, self._depart)
        else:
            self._depart()

    def _depart(self) -> None:
        travellers, self._waiting = self._waiting, []
        if all(arrival.done() for _, arrival in travellers):  # cancelled: the run has ended, and its threads with it
            self._is_busy = False
            return
        loop = asyncio.get_running_loop()
        self._departed_s = loop.time()
        trip = loop.run_in_executor(self._threads, self._work, [thing for thing, _ in travellers])
        trip.add_done_callback(lambda trip: self._arrive(trip, [arrival for _, arrival in travellers]))

    def _arrive(self, trip: asyncio.Future[Sequence[R | Exception]], arrivals: list[asyncio.Future[R]]) -> None:
        self._is_busy = False
        if self._waiting:
            self._get_ready()
        failed = trip.exception()
        outcomes = [failed] * len(arrivals) if failed is not None else trip.result()
        for arrival, outcome in zip(arrivals, outcomes, strict=True):
            if arrival.done():  # its task was cancelled meanwhile
                continue
            if isinstance(outcome, BaseException):
                arrival.set_exception(outcome)
            else:
                arrival.set_result(outcome)
