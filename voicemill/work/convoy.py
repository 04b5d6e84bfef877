"""Things that travel together: storage work that costs little more for many than for one."""

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import Executor
from typing import Generic, TypeVar

T = TypeVar("T")
R = TypeVar("R")


class Convoy(Generic[T, R]):
    """Does `work` in `threads` for whatever has come since it began last, so one trip there serves many at once.

    Nobody waits for company: where no trip is under way, a thing travels at once. `work` gives what became of each
    thing, in order, an exception for one that alone failed; what it raises is raised for all that travelled. Used from
    one event loop.
    """

    def __init__(self, work: Callable[[Sequence[T]], Sequence[R | Exception]], threads: Executor) -> None:
        self._work = work
        self._threads = threads
        self._waiting: list[tuple[T, asyncio.Future[R]]] = []
        self._is_travelling = False

    async def send(self, thing: T) -> R:
        """What became of `thing`."""
        arrival: asyncio.Future[R] = asyncio.get_running_loop().create_future()
        self._waiting.append((thing, arrival))
        if not self._is_travelling:
            self._depart()
        return await arrival

    def _depart(self) -> None:
        travellers, self._waiting = self._waiting, []
        self._is_travelling = True
        things = [thing for thing, _ in travellers]
        trip = asyncio.get_running_loop().run_in_executor(self._threads, self._work, things)
        trip.add_done_callback(lambda trip: self._arrive(trip, [arrival for _, arrival in travellers]))

    def _arrive(self, trip: asyncio.Future[Sequence[R | Exception]], arrivals: list[asyncio.Future[R]]) -> None:
        self._is_travelling = False
        if self._waiting:
            self._depart()
        failed = trip.exception()
        outcomes = [failed] * len(arrivals) if failed is not None else trip.result()
        for arrival, outcome in zip(arrivals, outcomes, strict=True):
            if arrival.done():  # its task was cancelled meanwhile
                continue
            if isinstance(outcome, BaseException):
                arrival.set_exception(outcome)
            else:
                arrival.set_result(outcome)
