"""How many calls may be in flight at once: a priority semaphore, and one limiter for each call family."""

import asyncio
import heapq
from collections.abc import Callable
from dataclasses import replace
from itertools import count
from types import TracebackType

from voicemill.limits.adaptive_concurrency import Bounds, Event, State, after


class PrioritySemaphore:
    """A gate: at most `limit` holders, the most urgent goes first, and of equals the longest waiting.

    Use it from one event loop. `limit` may be changed while it is in use; fewer slots are reached as holders leave.
    """

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._held = 0
        self._waiting: list[tuple[float, int, asyncio.Future[None]]] = []
        self._numbers = count()

    @property
    def limit(self) -> int:
        """How many may hold a slot at once."""
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
        """About how many wait for a slot; those who gave up count until their turn comes."""
        return len(self._waiting)

    async def acquire(self, urgency: float = 0.0) -> None:
        """Wait for a slot."""
        if self._held < self._limit and not self._waiting:
            self._held += 1
            return
        turn = asyncio.get_running_loop().create_future()
        heapq.heappush(self._waiting, (-urgency, next(self._numbers), turn))
        try:
            await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled():
                self.release()
            raise

    def release(self) -> None:
        """Give a slot back."""
        self._held -= 1
        self._admit()

    def admit_one(self) -> None:
        """Let one in whatever the limit is: the least urgent, and of equals the longest waiting."""
        waiting = [entry for entry in self._waiting if not entry[2].done()]
        if waiting:
            last = max(waiting, key=lambda entry: (entry[0], -entry[1]))
            self._waiting.remove(last)
            heapq.heapify(self._waiting)
            self._held += 1
            last[2].set_result(None)

    def _admit(self) -> None:
        while self._waiting and self._held < self._limit:
            turn = heapq.heappop(self._waiting)[2]
            if not turn.done():
                self._held += 1
                turn.set_result(None)

    async def __aenter__(self) -> None:
        await self.acquire()

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.release()


Log = Callable[[str], None]


class ConcurrencyLimiter:
    """The slots of one family. The least of three numbers holds: the rule's, the share of a limit that several
    processes have in common, and what the circuit lets through while the service is down."""

    def __init__(self, family: str, bounds: Bounds, log: Log) -> None:
        self.family = family
        self.state = State.opening(bounds)
        self.slots = PrioritySemaphore(self.state.slots)
        self.share: int | None = None
        self._held_back: int | None = None
        self._paused = False
        self._is_ending = False
        self._log = log

    @property
    def wanted(self) -> int:
        """How many slots could be used now."""
        return min(self.state.slots, self.slots.held + self.slots.waiting)

    @property
    def why(self) -> str:
        """Why it is as many slots as it is."""
        if self._paused:
            return "paused"
        if self._held_back is not None:
            return "the service is down"
        return "the shared limit" if self.share is not None and self.share < self.state.slots else self.state.why

    def tell(self, event: Event) -> None:
        """Something happened to a call."""
        before, self.state = self.state, after(self.state, event)
        if self.state.slots != before.slots:
            self._log(f"{self.family}: {before.slots} → {self.state.slots} calls at once: {self.state.why}")
            self._set()

    def give_share(self, slots: int) -> None:
        """Use at most `slots`, for the rest of the limit is in other hands."""
        if slots != self.share:
            self._log(f"{self.family}: {slots} slots of the shared limit")
            self.share = slots
            self._set()

    def hold_back(self, slots: int | None) -> None:
        """Let at most `slots` hold one; None lifts that again."""
        if slots != self._held_back:
            self._held_back = slots
            self._set()

    def let_one_ask(self) -> None:
        """Let one call through that is held back, to see whether the service is there: the shortest that waits, and one
        that has failed only where there is no other."""
        if self.slots.held < self._cap(held_back=None):
            self.slots.admit_one()

    def pause(self, paused: bool) -> None:
        """Let nothing begin, or go on."""
        self._paused = paused
        self._set()

    def settle(self, slots: int) -> None:
        """Use so many slots from now on, whatever was found."""
        self.state = replace(State.opening(Bounds.exactly(slots)), number=self.state.number + 1)
        self._set()

    def end(self) -> None:
        """Let everybody through who waits: the run is ending, and they will see it."""
        self._is_ending = True
        self._set()

    def _set(self) -> None:
        if self._is_ending:
            self.slots.limit = self.slots.held + self.slots.waiting + self.state.bounds.most
            return
        self.slots.limit = self._cap(held_back=self._held_back)

    def _cap(self, held_back: int | None) -> int:
        caps = (self.state.slots, self.share, held_back, 0 if self._paused else None)
        return min(cap for cap in caps if cap is not None)
