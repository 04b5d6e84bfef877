"""Workers inside processes of a cluster, whose tasks are plain function calls in any thread.

Each process of the cluster has one worker per run: a thread with an event loop, which all tasks of the run in that
process share. It ends when the driver dismisses it or no longer responds.
"""

import asyncio
import os
import socket
import threading
from concurrent.futures import Future, InvalidStateError
from contextlib import suppress
from itertools import count
from typing import Final

from voicemill.pipeline.context import RunLost
from voicemill.pipeline.distribution.job_lines import JobEnd, end_as_json, failed, job_from_json
from voicemill.pipeline.distribution.worker import Worker, open_worker
from voicemill.pipeline.distribution.worker_results import files_of_worker
from voicemill.pipeline.jobs import ShardJob, ShardResult

_numbers = count(1)
_workers: dict[str, "_WorkerThread"] = {}
_choosing: Final = threading.Lock()


def process_job_here(line: str, *, process: str = "") -> str:
    """Process the job of a JSON line in this process's worker for its run; returns its end as a JSON line.

    `process` is the name of this process in its cluster; by default, its host and number.

    Schedulers start a task again when its process is lost. The driver must first take over what the lost worker has
    left, so the second start of the same attempt only reports the name of the first worker.
    """
    job = job_from_json(line)
    try:
        return end_as_json(_process(job, process)).decode()
    except Exception as error:  # the driver raises it
        return end_as_json(failed(error)).decode()


def _process(job: ShardJob, process: str) -> JobEnd:
    worker = _worker_of(job, process or f"{socket.gethostname().partition('.')[0]}-{os.getpid()}")
    before = files_of_worker(job, worker.name).start(job.attempt, worker.name)
    if before:
        return JobEnd(restarted_after=before)
    return JobEnd(worker.process(job))


def _worker_of(job: ShardJob, process: str) -> "_WorkerThread":
    with _choosing:
        worker = _workers.get(job.run_id)
        if worker is None or worker.has_ended:
            worker = _workers[job.run_id] = _WorkerThread(job, process)
        return worker


class _WorkerThread:
    """The worker of one run in this process."""

    def __init__(self, first: ShardJob, process: str) -> None:
        self.name = f"{process}-{next(_numbers)}"
        self.has_ended = False
        self._opened: Future[tuple[Worker, asyncio.AbstractEventLoop]] = Future()
        self._thread = threading.Thread(target=self._run, args=(first,), name=f"run {first.run_id}", daemon=True)
        self._thread.start()

    def process(self, job: ShardJob) -> ShardResult:
        """Process a shard; blocks. Raises the error with which the worker could not open the run."""
        worker, loop = self._opened.result()
        return asyncio.run_coroutine_threadsafe(_processed(worker, job), loop).result()

    def _run(self, first: ShardJob) -> None:
        try:
            asyncio.run(self._serve(first))
        finally:
            self.has_ended = True

    async def _serve(self, first: ShardJob) -> None:
        try:
            async with open_worker(self.name, first) as worker:
                self._opened.set_result((worker, asyncio.get_running_loop()))
                await worker.dismissed.wait()
                self.has_ended = True
                await worker.finish_jobs()
        except Exception as error:
            with suppress(InvalidStateError):
                self._opened.set_exception(error)


async def _processed(worker: Worker, job: ShardJob) -> ShardResult:
    if worker.dismissed.is_set():
        raise RunLost("the run has ended, or goes on without this worker")
    return await worker.process(job)
