"""A worker process: it reads jobs as lines from standard input until the driver sends the end line.

If the input ends without that line, the driver was killed, and the process exits at once.
"""

import asyncio
import os
import sys
from contextlib import AsyncExitStack
from typing import BinaryIO

from voicemill.pipeline.distribution.job_lines import END_LINE, JobEnd, end_as_json, failed, job_from_json
from voicemill.pipeline.distribution.worker import Worker, open_worker
from voicemill.pipeline.jobs import ShardJob
from voicemill.processes.worker_side import private_stdout

_LONGEST_LINE_BYTES = 64 << 20
_DRIVER_ENDED = 3


class _Jobs:
    """The jobs of this process. The first one opens the run."""

    def __init__(self, name: str, output: BinaryIO) -> None:
        self._name, self._output = name, output
        self._opening = asyncio.Lock()
        self._worker: Worker | None = None
        self._open = AsyncExitStack()
        self._tasks: set[asyncio.Task[None]] = set()

    def start(self, line: bytes) -> None:
        """Start the job of a line."""
        number, _, job = line.partition(b" ")
        task = asyncio.create_task(self._process(number, job_from_json(job)))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _process(self, number: bytes, job: ShardJob) -> None:
        try:
            worker = await self._opened(job)
            end = JobEnd(await worker.process(job))
        except Exception as error:  # the driver raises it
            end = failed(error)
        self._output.write(b"%b %b\n" % (number, end_as_json(end)))
        self._output.flush()

    async def _opened(self, job: ShardJob) -> Worker:
        async with self._opening:
            if self._worker is None:
                self._worker = await self._open.enter_async_context(open_worker(self._name, job))
            return self._worker

    async def close(self) -> None:
        """Finish all jobs and close the run."""
        await asyncio.gather(*self._tasks)
        await self._open.aclose()


async def _serve(name: str) -> None:
    jobs = _Jobs(name, private_stdout())
    lines = asyncio.StreamReader(limit=_LONGEST_LINE_BYTES)
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(lines), sys.stdin)
    while (line := await lines.readline()) != END_LINE:
        if not line:
            os._exit(_DRIVER_ENDED)
        jobs.start(line)
    await jobs.close()


def main(name: str) -> None:
    """Process the jobs of standard input as the worker `name`."""
    asyncio.run(_serve(name))
