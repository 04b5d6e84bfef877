"""Workers as processes on this machine. A process that ends is replaced by a new one."""

import asyncio
import os
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager, suppress
from itertools import count
from typing import Final

from voicemill.config import ApiKey
from voicemill.pipeline.distribution.job_lines import END_LINE, WorkerLost, job_as_json, result_of
from voicemill.pipeline.distribution.worker_files import WorkerFiles
from voicemill.pipeline.jobs import ShardJob, ShardResult
from voicemill.store import durable_files as durable

_MODULE: Final = "voicemill.pipeline.distribution"
_SHARDS_PER_WORKER: Final = 2
_LONGEST_LINE_BYTES: Final = 64 << 20
_END_TIMEOUT_S: Final = 120.0


class _WorkerProcess:
    """One worker process and the jobs that it has not finished, in the order in which they were sent."""

    def __init__(self, name: str, process: Process) -> None:
        self.name, self.process = name, process
        self.waiting: dict[int, asyncio.Future[bytes]] = {}
        self._numbers = count()
        self._reading = asyncio.create_task(self._read())

    @property
    def is_running(self) -> bool:
        """Whether the process can take jobs."""
        return not self._reading.done()

    async def process_job(self, job: ShardJob) -> ShardResult:
        """Send a job and wait for its end. Raises `WorkerLost` if the process ends before."""
        number, answer = next(self._numbers), asyncio.get_running_loop().create_future()
        self.waiting[number] = answer
        try:
            await self._send(b"%d %b\n" % (number, job_as_json(job)))
            return result_of(await answer, self.name)
        except WorkerLost:
            await self.kill()
            raise
        finally:
            self.waiting.pop(number, None)

    async def _send(self, line: bytes) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(line)
        with suppress(OSError):  # The end of the process also ends its output, which fails its jobs.
            await self.process.stdin.drain()

    async def _read(self) -> None:
        assert self.process.stdout is not None
        try:
            async for line in self.process.stdout:
                number, _, end = line.partition(b" ")
                self.waiting[int(number)].set_result(end)
        finally:
            code = await self.process.wait()
            for answer in self.waiting.values():
                if not answer.done():
                    answer.set_exception(WorkerLost(self.name, _reason(code)))

    async def end(self) -> None:
        """Let the process close the run and wait for its exit."""
        await self._send(END_LINE)
        try:
            await asyncio.wait_for(asyncio.shield(self._reading), _END_TIMEOUT_S)
        except TimeoutError:
            await self.kill()

    async def kill(self) -> None:
        """End the process at once."""
        with suppress(ProcessLookupError):
            self.process.kill()
        await self._reading


class WorkerProcesses:
    """Worker processes that are started as jobs need them. `key` replaces the key of the environment."""

    shares_machine = True

    def __init__(self, workers: int, files: WorkerFiles, key: ApiKey | None) -> None:
        self.workers, self.window = workers, _SHARDS_PER_WORKER * workers
        self._files, self._key = files, key
        self._processes: list[_WorkerProcess] = []
        self._numbers = count(1)
        self._starting = asyncio.Lock()

    async def process(self, job: ShardJob) -> ShardResult:
        """Process a shard in the worker process with the fewest jobs."""
        return await (await self._least_busy()).process_job(job)

    async def _least_busy(self) -> _WorkerProcess:
        async with self._starting:
            self._processes = [each for each in self._processes if each.is_running]
            while len(self._processes) < self.workers:
                self._processes.append(await self._start())
            return min(self._processes, key=lambda each: len(each.waiting))

    async def _start(self) -> _WorkerProcess:
        name = f"process-{next(self._numbers)}"
        environment = os.environ | ({self._key.VARIABLE: self._key.reveal()} if self._key is not None else {})
        with durable.storage_errors(self._files.log_of(name)), self._files.log_of(name).open("wb") as log:
            process = await asyncio.create_subprocess_exec(
                sys.executable, "-m", _MODULE, name,
                stdin=PIPE, stdout=PIPE, stderr=log,
                limit=_LONGEST_LINE_BYTES, env=environment,
                start_new_session=True,  # Ctrl-C in the terminal is for the driver, which ends its workers
            )  # fmt: skip
        return _WorkerProcess(name, process)

    async def abandon(self, worker: str, _started: Collection[str]) -> Collection[str]:
        """End a worker that does not respond; its jobs then fail."""
        for each in self._processes:
            if each.name == worker:
                await each.kill()
        return ()

    async def end(self) -> None:
        """End all processes; each closes the run first."""
        await asyncio.gather(*(each.end() for each in self._processes if each.is_running))

    async def kill_all(self) -> None:
        """End all processes at once."""
        await asyncio.gather(*(each.kill() for each in self._processes))


@asynccontextmanager
async def worker_processes(workers: int, files: WorkerFiles, key: ApiKey | None) -> AsyncIterator[WorkerProcesses]:
    """Worker processes that end with the block."""
    processes = WorkerProcesses(workers, files, key)
    try:
        yield processes
        await processes.end()
    finally:
        await processes.kill_all()


def _reason(code: int) -> str:
    return f"signal {-code} ended it" if code < 0 else f"it exited with code {code}"
