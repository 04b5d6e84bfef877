"""How many calls may be in flight at once."""

import asyncio
from collections import deque
from types import TracebackType


class Slots:
    """A fair gate: at most `limit` holders, the longest waiting goes first.

    Use it from one event loop. `limit` may be changed while it is in use; fewer slots are reached as holders leave.
    """

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._held = 0
        self._waiting: deque[asyncio.Future[None]] = deque()

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

    async def acquire(self) -> None:
        """Wait for a slot."""
        if self._held < self._limit and not self._waiting:
            self._held += 1
            return
        turn = asyncio.get_running_loop().create_future()
        self._waiting.append(turn)
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

    def _admit(self) -> None:
        while self._waiting and self._held < self._limit:
            turn = self._waiting.popleft()
            if not turn.done():
                self._held += 1
                turn.set_result(None)

    async def __aenter__(self) -> None:
        await self.acquire()

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.release()
