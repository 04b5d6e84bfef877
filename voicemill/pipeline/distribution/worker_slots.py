"""The slots of workers that a runner starts itself: a job takes a free one, and a lost worker is replaced."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Generic, TypeVar

from voicemill.pipeline.distribution.job_lines import WorkerLost

W = TypeVar("W")


class WorkerSlots(Generic[W]):
    """Starts workers with `start`, which returns once a worker can take jobs, and raises `WorkerLost`."""

    def __init__(self, start: Callable[[], Awaitable[W]], jobs_per_worker: int) -> None:
        self._start, self._jobs_per_worker = start, jobs_per_worker
        self._free: asyncio.Queue[W | WorkerLost] = asyncio.Queue()
        self._starting: set[asyncio.Task[None]] = set()
        self._lost: list[W] = []

    def start(self, workers: int) -> None:
        """Start workers in the background."""
        for _ in range(workers):
            task = asyncio.create_task(self._start_one())
            self._starting.add(task)
            task.add_done_callback(self._starting.discard)

    async def _start_one(self) -> None:
        try:
            worker = await self._start()
        except WorkerLost as lost:
            self._free.put_nowait(lost)
            return
        for _ in range(self._jobs_per_worker):
            self._free.put_nowait(worker)

    @asynccontextmanager
    async def taken(self) -> AsyncIterator[W]:
        """A slot of a worker for one job. After an error or a cancellation, the worker counts as lost.

        Raises `WorkerLost` if a worker did not start.
        """
        worker = await self._next()
        try:
            yield worker
        except BaseException:
            if not self._is_lost(worker):
                self._lost.append(worker)
                self.start(1)
            raise
        self._free.put_nowait(worker)

    async def _next(self) -> W:
        while True:
            worker = await self._free.get()
            if isinstance(worker, WorkerLost):
                self.start(1)
                raise worker
            if not self._is_lost(worker):
                return worker

    def _is_lost(self, worker: W) -> bool:
        return any(worker is each for each in self._lost)

    def close(self) -> None:
        """Start no more workers."""
        for task in self._starting:
            task.cancel()
