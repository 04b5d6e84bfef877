"""The pool: requests wait here for a free worker process."""

import asyncio
import logging
import queue
import weakref
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from voicemill.engine.refusals import Refusal
from voicemill.engine.workers.frames import Frame
from voicemill.engine.workers.process import WorkerDied, WorkerProcess

logger = logging.getLogger(__name__)


class WorkerPool:
    """`size` worker processes, each started when first needed; requests queue for a free one.

    It belongs to no event loop: one pool may serve several threads that each run their own.
    """

    def __init__(self, size: int, timeout_s: float) -> None:
        self._timeout_s = timeout_s
        self._workers = [WorkerProcess() for _ in range(size)]
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
        """The one frame that answers. Raises `Refusal` when the worker refuses, dies or takes too long."""
        if self._closed:
            raise Refusal(503, "Service unavailable", "The speech engine has been shut down.")
        return await asyncio.wrap_future(self._threads.submit(self._ask, question))

    async def close(self) -> None:
        """End every worker; a request in work fails."""
        self._closed = True
        self._threads.shutdown(wait=False, cancel_futures=True)
        for worker in self._workers:
            worker.kill()
        await asyncio.to_thread(self._threads.shutdown)
        _stop_all(self._workers)

    def _ask(self, question: dict[str, Any]) -> Frame:
        worker = self._idle.get()
        try:
            (frame,) = worker.ask(question, self._timeout_s)
        except (WorkerDied, TimeoutError) as error:
            worker.stop()
            raise self._failure(error) from error
        finally:
            self._idle.put(worker)
        return _unless_refused(frame)

    def _failure(self, error: Exception) -> Refusal:
        if isinstance(error, TimeoutError):
            message = f"The request was given up after {self._timeout_s:g} seconds. Send less at once."
            return Refusal(504, "Timeout", message)
        if not self._closed:
            logger.error("a worker of the speech engine ended in the middle of a request: %s", error)
        return Refusal(500, "Internal server error", "The worker on this request ended unexpectedly. Try again.")


def _unless_refused(frame: Frame) -> Frame:
    refusal = frame.header.get("refusal")
    if refusal is None:
        return frame
    if "traceback" in frame.header:
        logger.error("a request failed in the speech engine:\n%s", frame.header["traceback"])
    raise Refusal(**refusal)


def _stop_all(workers: list[WorkerProcess]) -> None:
    for worker in workers:
        worker.stop()
