"""The attempts of a run to process its shards in workers."""

import asyncio
import uuid
from collections.abc import Container
from dataclasses import replace
from typing import Protocol

from voicemill.errors import VoicemillError
from voicemill.pipeline.distribution.job_lines import WorkerLost
from voicemill.pipeline.distribution.worker_files import WorkerFiles
from voicemill.pipeline.jobs import ShardJob, ShardResult


class SendsJobs(Protocol):
    """Sends a job to a worker."""

    async def process(self, job: ShardJob) -> ShardResult:
        """Process a shard in a worker. Raises `WorkerLost`, or the error that stopped the worker."""


class Attempts:
    """The attempts in progress. An attempt ends when its worker is lost, even if the cluster does not report that."""

    def __init__(self, placement: SendsJobs, files: WorkerFiles) -> None:
        self._placement, self._files = placement, files
        self._abandoned: dict[str, asyncio.Future[None]] = {}

    @property
    def count(self) -> int:
        """The attempts in progress."""
        return len(self._abandoned)

    async def process(self, job: ShardJob) -> ShardResult:
        """Process a shard in some worker once. Raises `WorkerLost`, or the error that stopped the worker."""
        attempt = uuid.uuid4().hex
        abandoned = self._abandoned[attempt] = asyncio.get_running_loop().create_future()
        task = asyncio.create_task(self._placement.process(replace(job, attempt=attempt)))
        try:
            await asyncio.wait({task, abandoned}, return_when=asyncio.FIRST_COMPLETED)
            if abandoned.done():
                abandoned.result()
            return await task
        except WorkerLost as lost:
            worker = lost.worker or await asyncio.to_thread(self._files.worker_of, attempt)
            raise WorkerLost(worker, str(lost)) from lost
        finally:
            task.cancel()
            abandoned.cancel()
            del self._abandoned[attempt]

    def abandon(self, worker: str, held: Container[str]) -> None:
        """End the attempts that a lost worker holds."""
        for attempt, abandoned in self._abandoned.items():
            if attempt in held and not abandoned.done():
                abandoned.set_exception(WorkerLost(worker, "it does not respond"))

    def fail(self, error: VoicemillError) -> None:
        """End all attempts with an error."""
        for abandoned in self._abandoned.values():
            if not abandoned.done():
                abandoned.set_exception(error)
