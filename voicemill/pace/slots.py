"""How many calls may be in flight at once."""

import asyncio
import heapq
from itertools import count
from types import TracebackType


class Slots:
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
