"""The pool of worker processes: requests wait here for a free worker, and a crash in native code costs one call."""

import asyncio
import logging
import queue
import threading
import weakref
from collections import deque
from collections.abc import AsyncGenerator, Callable, Generator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

from voicemill.engine.refusals import Refusal
from voicemill.processes.frames import Frame
from voicemill.processes.worker_process import WorkerDied, WorkerProcess

logger = logging.getLogger(__name__)

FRAMES_AHEAD = 8
"""How many frames of a streamed answer may wait for whoever reads it."""
_LOOK_S = 0.1
_WORKER = "voicemill.engine.worker"


class WorkerPool:
    """`size` worker processes, each started when first needed; requests queue for a free one.

    It belongs to no event loop: one pool may serve several threads that each run their own.
    """

    def __init__(self, size: int, timeout_s: float) -> None:
        self._timeout_s = timeout_s
        self._workers = [WorkerProcess(_WORKER) for _ in range(size)]
        self._idle: queue.LifoQueue[WorkerProcess] = queue.LifoQueue()
        for worker in self._workers:
            self._idle.put(worker)
        self._threads = ThreadPoolExecutor(size, thread_name_prefix="engine-worker")
        self._closed = False
        weakref.finalize(self, _stop_all, self._workers)

    @property
    def pids(self) -> list[int]:
        """The process ids of the workers that are running."""
        return [worker.pid for worker in self._workers if worker.pid is not None]

    @property
    def busy(self) -> int:
        """How many workers are at work."""
        return len(self._workers) - self._idle.qsize()

    async def ask(self, question: dict[str, Any]) -> Frame:
        """The last frame of the answer. Raises `Refusal` when the worker refuses, dies or takes too long.

        If the call is cancelled, its worker is killed, because no one waits for its answer.
        """
        job = _Job()
        try:
            frame: Frame = await self._awaited(self._submit(lambda: deque(self._frames(question, job), maxlen=1).pop()))
        except asyncio.CancelledError:
            job.cancel()
            raise
        return frame

    async def stream(self, question: dict[str, Any]) -> AsyncGenerator[Frame, None]:
        """Every frame as it is made. Raises `Refusal` as `ask` does; leaving early ends the work."""
        loop = asyncio.get_running_loop()
        ready: asyncio.Queue[Frame | None] = asyncio.Queue(FRAMES_AHEAD)
        left, job = False, _Job()

        def hand_over() -> None:
            frames = self._frames(question, job)
            try:
                for frame in frames:
                    if not _put(frame, ready, loop, given_up=lambda: left or self._closed):
                        return
            finally:
                frames.close()
                _put(None, ready, loop, given_up=lambda: left or self._closed)

        work = self._submit(hand_over)
        try:
            while (frame := await self._next(ready, work)) is not None:
                yield frame
            await self._awaited(work)
        finally:
            left = True
            job.cancel()

    async def close(self) -> None:
        """End every worker; a request in work fails."""
        self._closed = True
        self._threads.shutdown(wait=False, cancel_futures=True)
        for worker in self._workers:
            worker.kill()
        await asyncio.to_thread(self._threads.shutdown)
        _stop_all(self._workers)

    def _submit(self, work: Callable[[], Any]) -> "Future[Any]":
        if self._closed:
            raise _shut_down()
        return self._threads.submit(work)

    async def _awaited(self, work: "Future[Any]") -> Any:  # noqa: ANN401 - whatever the work gives
        try:
            return await asyncio.wrap_future(work)
        except asyncio.CancelledError:
            if self._closed:
                raise _shut_down() from None
            raise

    async def _next(self, ready: "asyncio.Queue[Frame | None]", work: "Future[Any]") -> Frame | None:
        """The next frame; None when the work is over, also when it never began."""
        while True:
            try:
                async with asyncio.timeout(1.0):
                    return await ready.get()
            except TimeoutError:
                if work.done() and ready.empty():
                    return None

    def _frames(self, question: dict[str, Any], job: "_Job") -> Generator[Frame, None, None]:
        worker = self._idle.get()
        whole = False
        try:
            job.start(worker)
            for frame in worker.send(question | {"cpu_s": self._timeout_s}, self._timeout_s):
                yield _unless_refused(frame)
            whole = True
        except Refusal:
            whole = True
            raise
        except (WorkerDied, TimeoutError) as error:
            raise self._failure(error, job) from error
        finally:
            if job.end() or not whole:
                worker.stop()
            self._idle.put(worker)

    def _failure(self, error: Exception, job: "_Job") -> Refusal:
        if isinstance(error, TimeoutError):
            message = f"The request was given up after {self._timeout_s:g} seconds. Send less at once."
            return Refusal(504, "Timeout", message)
        if not self._closed and not job.is_cancelled:
            logger.error("a worker of the speech engine ended in the middle of a request: %s", error)
        return Refusal(500, "Internal server error", "The worker on this request ended unexpectedly. Try again.")


class _Job:
    """A request in work: another thread may cancel it, which kills its worker and no other request's."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._worker: WorkerProcess | None = None
        self.is_cancelled = False

    def start(self, worker: WorkerProcess) -> None:
        """Raises `WorkerDied` if the job was cancelled before."""
        with self._lock:
            if self.is_cancelled:
                raise WorkerDied("the request was cancelled")
            self._worker = worker

    def end(self) -> bool:
        """Let go of the worker; True if it was killed."""
        with self._lock:
            self._worker = None
            return self.is_cancelled

    def cancel(self) -> None:
        """Kill the worker, if the job is in work, and never start it otherwise."""
        with self._lock:
            self.is_cancelled = True
            if self._worker is not None:
                self._worker.kill()


def _put(
    frame: Frame | None,
    ready: "asyncio.Queue[Frame | None]",
    loop: asyncio.AbstractEventLoop,
    *,
    given_up: Callable[[], bool],
) -> bool:
    """Pass a frame to the reader's event loop, waiting for space in its queue; False if the reader has gone."""
    if loop.is_closed():
        return False
    waiting = asyncio.run_coroutine_threadsafe(ready.put(frame), loop)
    while not given_up() and not loop.is_closed():
        try:
            waiting.result(_LOOK_S)
        except TimeoutError:
            continue
        return True
    waiting.cancel()
    return False


def _unless_refused(frame: Frame) -> Frame:
    refusal = frame.header.get("refusal")
    if refusal is None:
        return frame
    if "traceback" in frame.header:
        logger.error("a request failed in the speech engine:\n%s", frame.header["traceback"])
    raise Refusal(**refusal)


def _shut_down() -> Refusal:
    return Refusal(503, "Service unavailable", "The speech engine has been shut down.")


def _stop_all(workers: list[WorkerProcess]) -> None:
    for worker in workers:
        worker.stop()
