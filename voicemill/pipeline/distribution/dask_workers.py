"""Workers in the processes of a Dask cluster."""

import asyncio
import re
from collections.abc import AsyncIterator, Collection, Sequence
from contextlib import asynccontextmanager, suppress
from typing import Any, Final

from voicemill.errors import ConfigError
from voicemill.pipeline.distribution.job_lines import job_as_json, lost_with, result_of
from voicemill.pipeline.distribution.worker_threads import process_job_here
from voicemill.pipeline.jobs import ShardJob, ShardResult

_CONNECT_TIMEOUT_S: Final = 30
_WORKERS_TIMEOUT_S: Final = 60
_RESPONSE_TIMEOUT_S: Final = 5
_KEY: Final = "voicemill-shard-"


def process_job_on_dask(line: str) -> str:
    """Process the job of a JSON line in this process of the cluster; returns its end as a JSON line."""
    from distributed import get_worker

    return process_job_here(line, process=_name_of(get_worker().address))


def _name_of(address: str) -> str:
    """`127.0.0.1-41234` for `tcp://127.0.0.1:41234`: voicemill's workers have Dask's names."""
    return re.sub(r"[^\w.]+", "-", address.rpartition("/")[2])


class DaskWorkers:
    """Sends jobs to a cluster; `client` is a connected `distributed.Client` of the running event loop."""

    shares_machine = False

    def __init__(self, client: Any, threads: dict[str, int]) -> None:  # noqa: ANN401 - an optional package
        self._client = client
        self.workers = len(threads)
        self.window = 2 * sum(threads.values())
        self._avoided: set[str] = set()
        self._allowed: dict[str, list[str]] = {}

    async def process(self, job: ShardJob) -> ShardResult:
        """Process a shard in some process of the cluster. Raises `WorkerLost` if that process is lost."""
        try:
            allowed = await self._responding() if self._avoided else None
            if allowed:
                self._allowed[job.attempt] = allowed
            future = self._client.submit(
                process_job_on_dask, job_as_json(job).decode(), key=_KEY + job.attempt, pure=False, workers=allowed
            )
            end = await self._result(future)
        except Exception as error:  # of the cluster: errors of the job itself are in its end
            raise lost_with(error) from error
        finally:
            self._allowed.pop(job.attempt, None)
        return result_of(end)

    async def _result(self, future: Any) -> str:  # noqa: ANN401
        """The result of a job. Raises its exception.

        The client fetches the results of several jobs at once, so the wait for one of them must not be cancelled.
        """
        result = asyncio.ensure_future(future.result())
        try:
            await asyncio.wait({result})
        except asyncio.CancelledError:
            result.add_done_callback(lambda ended: ended.cancelled() or ended.exception())
            await self._client.cancel([future])
            raise
        if result.cancelled():
            raise RuntimeError("the cluster has cancelled the job")
        return str(result.result())

    async def _responding(self) -> list[str] | None:
        """The processes of the cluster but those to avoid; None, which means any process, if there are no others.

        Without this, Dask would send jobs to a process that does not respond for some minutes.
        """
        return [each for each in await self._client.nthreads() if each not in self._avoided] or None

    async def abandon(self, worker: str, _started: Collection[str]) -> Collection[str]:
        """Leave the process of a worker to the cluster, which restarts its own, but send it no more jobs."""
        held = await self._held()
        lost = {address for address in held if worker.startswith(f"{_name_of(address)}-")}
        self._avoided |= lost
        responding = held.keys() - self._avoided
        stranded = [attempt for attempt, allowed in self._allowed.items() if responding.isdisjoint(allowed)]
        return [key.removeprefix(_KEY) for address in lost for key in held[address]] + stranded

    async def end(self) -> None:
        """Leave the processes running: they belong to the cluster."""

    async def _held(self) -> dict[str, Sequence[str]]:
        """The keys of the jobs that each process holds, by its address; nothing if the scheduler is gone."""
        with suppress(OSError, TimeoutError):
            return await asyncio.wait_for(self._client.processing(), _RESPONSE_TIMEOUT_S)
        return {}


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
            await asyncio.wait_for(client.close(), _RESPONSE_TIMEOUT_S)
