"""The slots of workers that a runner starts itself: a job takes a free one, and a lost worker is replaced."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Collection
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
        self._worker_of: dict[str, W] = {}

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
    async def taken(self, attempt: str) -> AsyncIterator[W]:
        """A slot of a worker for one job. After an error or a cancellation, the worker counts as lost.

        Raises `WorkerLost` if a worker did not start.
        """
        worker = self._worker_of[attempt] = await self._next()
        try:
            yield worker
        except BaseException:
            self._replace(worker)
            raise
        self._free.put_nowait(worker)

    def replace(self, started: Collection[str]) -> list[str]:
        """Replace the worker that has started these attempts. Returns all attempts that were given to it."""
        workers = [self._worker_of[attempt] for attempt in started if attempt in self._worker_of]
        for worker in workers:
            self._replace(worker)
        return [attempt for attempt, worker in self._worker_of.items() if any(worker is each for each in workers)]

    def _replace(self, worker: W) -> None:
        if not self._is_lost(worker):
            self._lost.append(worker)
            self.start(1)

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
