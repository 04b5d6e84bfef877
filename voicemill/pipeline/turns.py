"""Turns: tasks that become ready together continue one by one, and other work of the event loop runs in between."""

import asyncio
from collections import deque


class Turns:
    """Lets one waiting task continue in each iteration of the event loop, in order of arrival.

    If many responses arrive at once, an event loop runs all their tasks before the tasks that they wake. The slots that
    the first of them release would then stay empty until the last of them has stored its answer. Used from one event
    loop.
    """

    def __init__(self) -> None:
        self._waiting: deque[asyncio.Future[None]] = deque()

    async def wait(self) -> None:
        """Wait until it is this task's turn."""
        loop = asyncio.get_running_loop()
        turn: asyncio.Future[None] = loop.create_future()
        self._waiting.append(turn)
        if len(self._waiting) == 1:
            loop.call_soon(self._next)
        await turn

    def _next(self) -> None:
        turn = self._waiting.popleft()
        if self._waiting:
            asyncio.get_running_loop().call_soon(self._next)
        if not turn.done():  # its task was cancelled
            turn.set_result(None)
