"""The pool of worker processes. A crash in native code fails one request only."""

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
"""The number of frames of a stream that may wait for their reader."""
_LOOK_S = 0.1
_WORKER = "voicemill.engine.worker"


class WorkerPool:
    """`size` worker processes, started on first use; jobs queue for a free one.

    The pool is independent of event loops: threads with separate loops may share it.
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
        """The number of busy workers."""
        return len(self._workers) - self._idle.qsize()

    async def run(self, job: dict[str, Any]) -> Frame:
        """The last frame of a job. Raises `Refusal` if the worker refuses, dies or takes too long.

        If the call is cancelled, its worker is killed, because nothing reads its result.
        """
        running = _RunningJob()
        try:
            frame: Frame = await self._awaited(self._submit(lambda: deque(self._frames(job, running), maxlen=1).pop()))
        except asyncio.CancelledError:
            running.cancel()
            raise
        return frame

    async def stream(self, job: dict[str, Any]) -> AsyncGenerator[Frame, None]:
        """Every frame of a job. Raises `Refusal` as `run` does; closing the generator cancels the job."""
        loop = asyncio.get_running_loop()
        ready: asyncio.Queue[Frame | None] = asyncio.Queue(FRAMES_AHEAD)
        left, running = False, _RunningJob()

        def hand_over() -> None:
            frames = self._frames(job, running)
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
            running.cancel()

    async def close(self) -> None:
        """End every worker; running jobs fail."""
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

    async def _awaited(self, work: "Future[Any]") -> Any:  # noqa: ANN401 - the result of the work
        try:
            return await asyncio.wrap_future(work)
        except asyncio.CancelledError:
            if self._closed:
                raise _shut_down() from None
            raise

    async def _next(self, ready: "asyncio.Queue[Frame | None]", work: "Future[Any]") -> Frame | None:
        """The next frame; None when the work has ended or was cancelled before it started."""
        while True:
            try:
                async with asyncio.timeout(1.0):
                    return await ready.get()
            except TimeoutError:
                if work.done() and ready.empty():
                    return None

    def _frames(self, job: dict[str, Any], running: "_RunningJob") -> Generator[Frame, None, None]:
        worker = self._idle.get()
        whole = False
        try:
            running.start(worker)
            for frame in worker.send(job | {"cpu_s": self._timeout_s}, self._timeout_s):
                yield _checked(frame)
            whole = True
        except Refusal:
            whole = True
            raise
        except (WorkerDied, TimeoutError) as error:
            raise self._failure(error, running) from error
        finally:
            if running.end() or not whole:
                worker.stop()
            self._idle.put(worker)

    def _failure(self, error: Exception, running: "_RunningJob") -> Refusal:
        if isinstance(error, TimeoutError):
            message = f"The request was cancelled after {self._timeout_s:g} seconds. Split it."
            return Refusal(504, "Timeout", message)
        if not self._closed and not running.is_cancelled:
            logger.error("a worker of the speech engine ended during a request: %s", error)
        return Refusal(500, "Internal server error", "The worker of this request ended unexpectedly. Retry.")


class _RunningJob:
    """A job that another thread may cancel, which kills the worker of this job only."""

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
        """Release the worker; True if it was killed."""
        with self._lock:
            self._worker = None
            return self.is_cancelled

    def cancel(self) -> None:
        """Kill the worker if the job is running; otherwise the job never starts."""
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


def _checked(frame: Frame) -> Frame:
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
