"""Limits on concurrent calls: a priority semaphore, and a concurrency limiter for each family of calls."""

import asyncio
import heapq
from collections.abc import Callable
from dataclasses import replace
from itertools import count
from types import TracebackType

from voicemill.limits.adaptive_concurrency import Bounds, Event, State, after

PAUSED, SERVICE_DOWN, SHARED_LIMIT = "paused", "the service is down", "the shared limit"
"""Reasons for a limit that adaptive concurrency did not set."""


class PrioritySemaphore:
    """A semaphore with at most `limit` holders. The waiter with the highest priority goes first, then the oldest one.

    Use it from one event loop. `limit` may change while slots are held: a lower limit is reached as holders leave.
    """

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._held = 0
        self._waiters: list[tuple[float, int, asyncio.Future[None]]] = []
        self._numbers = count()

    @property
    def limit(self) -> int:
        """How many may hold a slot."""
        return self._limit

    @limit.setter
    def limit(self, limit: int) -> None:
        self._limit = limit
        self._admit()

    @property
    def held(self) -> int:
        """How many hold a slot now."""
        return self._held

    @property
    def waiting(self) -> int:
        """How many wait for a slot; cancelled waiters count until they reach the front."""
        return len(self._waiters)

    async def acquire(self, priority: float = 0.0) -> None:
        """Wait for a slot."""
        if self._held < self._limit and not self._waiters:
            self._held += 1
            return
        admitted = asyncio.get_running_loop().create_future()
        heapq.heappush(self._waiters, (-priority, next(self._numbers), admitted))
        try:
            await admitted
        except asyncio.CancelledError:
            if admitted.done() and not admitted.cancelled():
                self.release()
            raise

    def release(self) -> None:
        """Release a slot."""
        self._held -= 1
        self._admit()

    def admit_one(self) -> None:
        """Admit one waiter beyond the limit: the one with the lowest priority, among equals the longest waiting."""
        waiters = [waiter for waiter in self._waiters if not waiter[2].done()]
        if waiters:
            last = max(waiters, key=lambda waiter: (waiter[0], -waiter[1]))
            self._waiters.remove(last)
            heapq.heapify(self._waiters)
            self._held += 1
            last[2].set_result(None)

    def _admit(self) -> None:
        while self._waiters and self._held < self._limit:
            admitted = heapq.heappop(self._waiters)[2]
            if not admitted.done():
                self._held += 1
                admitted.set_result(None)

    async def __aenter__(self) -> None:
        await self.acquire()

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.release()


Log = Callable[[str], None]


class ConcurrencyLimiter:
    """The slots of one family of calls.

    The lowest of these limits applies: adaptive concurrency, this process's share of a shared limit, the limit during
    an outage, and 0 while paused.
    """

    def __init__(self, family: str, bounds: Bounds, log: Log) -> None:
        self.family = family
        self.state = State.initial(bounds)
        self.semaphore = PrioritySemaphore(self.state.slots)
        self.share: int | None = None
        self.used_by_workers: tuple[int, int] | None = None
        """Slots that worker processes hold and want; None if the calls are made in this process."""
        self._outage_limit: int | None = None
        self._is_paused = False
        self._is_ending = False
        self._log = log

    @property
    def wanted(self) -> int:
        """How many slots calls could use now."""
        if self.used_by_workers is not None:
            return min(self.total, self.used_by_workers[1])
        return min(self.state.slots, self.semaphore.held + self.semaphore.waiting)

    @property
    def held(self) -> int:
        """How many slots calls hold now, or may hold in worker processes."""
        return self.semaphore.held if self.used_by_workers is None else self.used_by_workers[0]

    @property
    def is_paused(self) -> bool:
        """Whether new calls are held back."""
        return self._is_paused

    @property
    def is_fixed(self) -> bool:
        """Whether the number of slots does not adapt to the service."""
        return self.state.bounds.least == self.state.bounds.most

    @property
    def total(self) -> int:
        """The most slots that worker processes may use together: the plan's limit if it is known."""
        bounds = self.state.bounds
        return bounds.start if bounds.known else bounds.most

    @property
    def why(self) -> str:
        """The reason for the present limit."""
        if self._is_paused:
            return PAUSED
        if self._outage_limit is not None:
            return SERVICE_DOWN
        return SHARED_LIMIT if self.share is not None and self.share < self.state.slots else self.state.why

    def record(self, event: Event) -> None:
        """Adapt the limit to the outcome of a call."""
        before, self.state = self.state, after(self.state, event)
        if self.state.slots != before.slots:
            self._log(f"{self.family}: concurrency {before.slots} → {self.state.slots}: {self.state.why}")
            self._apply()

    def set_share(self, slots: int | None) -> None:
        """Use at most `slots`, because other processes hold the rest of the shared limit; None ends the sharing."""
        if slots != self.share:
            if slots is not None:
                self._log(f"{self.family}: {slots} slots of the shared limit")
            self.share = slots
            self._apply()

    def set_outage_limit(self, slots: int | None) -> None:
        """Use at most `slots` during an outage; None ends it."""
        if slots != self._outage_limit:
            self._outage_limit = slots
            self._apply()

    def admit_probe(self) -> None:
        """Admit one waiting call during an outage: the cheapest, and a retry only if there is no other."""
        if self.semaphore.held < self._lowest_limit(outage_limit=None):
            self.semaphore.admit_one()

    def set_paused(self, *, is_paused: bool) -> None:
        """Hold new calls back, or let them start again."""
        self._is_paused = is_paused
        self._apply()

    def set_fixed(self, slots: int) -> None:
        """Use exactly `slots` from now on."""
        self.state = replace(State.initial(Bounds.exactly(slots)), number=self.state.number + 1)
        self._apply()

    def end(self) -> None:
        """Admit all waiters so that they see that the run is ending."""
        self._is_ending = True
        self._apply()

    def _apply(self) -> None:
        if self._is_ending:
            self.semaphore.limit = self.semaphore.held + self.semaphore.waiting + self.state.bounds.most
            return
        self.semaphore.limit = self._lowest_limit(outage_limit=self._outage_limit)

    def _lowest_limit(self, outage_limit: int | None) -> int:
        limits = (self.state.slots, self.share, outage_limit, 0 if self._is_paused else None)
        return min(limit for limit in limits if limit is not None)
