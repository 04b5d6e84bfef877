"""Workers in the processes of a Dask cluster."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any, Final

from voicemill.errors import ConfigError
from voicemill.pipeline.distribution.job_lines import job_as_json, lost_with, result_of
from voicemill.pipeline.distribution.worker_threads import process_job_here
from voicemill.pipeline.jobs import ShardJob, ShardResult

_CONNECT_TIMEOUT_S: Final = 30
_WORKERS_TIMEOUT_S: Final = 60
_CLOSE_TIMEOUT_S: Final = 5


class DaskWorkers:
    """Sends jobs to a cluster; `client` is a connected `distributed.Client` of the running event loop."""

    shares_machine = False

    def __init__(self, client: Any, threads: dict[str, int]) -> None:  # noqa: ANN401 - an optional package
        self._client = client
        self.workers = len(threads)
        self.window = 2 * sum(threads.values())

    async def process(self, job: ShardJob) -> ShardResult:
        """Process a shard in some process of the cluster. Raises `WorkerLost` if that process is lost."""
        try:
            future = self._client.submit(
                process_job_here, job_as_json(job).decode(), key=f"voicemill-shard-{job.attempt}", pure=False
            )
            end: str = await future
        except Exception as error:  # of the cluster: errors of the job itself are in its end
            raise lost_with(error) from error
        return result_of(end)

    async def kill(self, worker: str) -> None:
        """Leave the worker alone: the cluster restarts its own processes."""

    async def end(self) -> None:
        """Leave the processes running: they belong to the cluster."""


@asynccontextmanager
async def dask_workers(address: str) -> AsyncIterator[DaskWorkers]:
    """The processes of the cluster whose scheduler listens at `address` (host:port).

    Raises `ConfigError` if Dask is not installed, or there is no scheduler or worker.
    """
    try:
        import dask
        from distributed import Client
    except ImportError:
        raise ConfigError("the runner dask:// needs Dask: pip install 'voicemill[dask]'") from None
    scheme = "tls" if dask.config.get("distributed.comm.require-encryption", default=False) else "tcp"
    try:
        client = await Client(f"{scheme}://{address}", asynchronous=True, timeout=_CONNECT_TIMEOUT_S)  # type: ignore[no-untyped-call]
    except (OSError, TimeoutError) as error:
        raise ConfigError(f"no Dask scheduler responds at {address}; start one, or correct --runner") from error
    try:
        try:
            await client.wait_for_workers(1, timeout=_WORKERS_TIMEOUT_S)
        except TimeoutError:
            raise ConfigError(f"the Dask cluster at {address} has no workers; start some and rerun") from None
        yield DaskWorkers(client, await client.nthreads())
    finally:
        with suppress(TimeoutError):  # The scheduler may be gone.
            await asyncio.wait_for(client.close(), _CLOSE_TIMEOUT_S)
