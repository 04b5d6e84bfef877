"""Workers in actors of a Ray cluster: each actor is one process with one CPU."""

import asyncio
import logging
from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager, suppress
from types import ModuleType
from typing import Any, Final

from voicemill.errors import ConfigError
from voicemill.pipeline.distribution.job_lines import WorkerLost, job_as_json, lost_with, result_of
from voicemill.pipeline.distribution.worker_slots import WorkerSlots
from voicemill.pipeline.distribution.worker_threads import process_job_here
from voicemill.pipeline.jobs import ShardJob, ShardResult

_JOBS_PER_ACTOR: Final = 2
"""The next shard starts while the last calls of the one before are in flight."""

_CONNECT_ATTEMPTS: Final = 3
_CPUS_TIMEOUT_S: Final = 60
_CPUS_INTERVAL_S: Final = 0.5


class ShardActor:
    """The code of an actor. Its methods run in several threads."""

    def ping(self) -> None:
        """Do nothing: the call returns once the actor has started."""

    def process(self, line: str) -> str:
        """Process the job of a JSON line; returns its end as a JSON line."""
        return process_job_here(line)


class RayWorkers:
    """Sends jobs to actors that it starts; `ray` is the connected package. An actor that is lost is replaced."""

    shares_machine = False

    def __init__(self, ray: ModuleType, workers: int) -> None:
        self.workers, self.window = workers, _JOBS_PER_ACTOR * workers
        self._ray = ray
        self._actors: list[Any] = []
        self._slots: WorkerSlots[Any] = WorkerSlots(self._start, _JOBS_PER_ACTOR)
        self._slots.start(workers)

    async def _start(self) -> Any:  # noqa: ANN401 - a handle of an optional package
        """An actor that has started, once a CPU of the cluster is free."""
        if not self._ray.is_initialized():  # Ray would start a cluster on this machine.
            raise WorkerLost("", "the connection to the Ray cluster was lost")
        actor_class = self._ray.remote(ShardActor)
        options = actor_class.options(num_cpus=1, max_restarts=0, max_concurrency=_JOBS_PER_ACTOR + 1)
        try:
            actor = await asyncio.to_thread(options.remote)
            self._actors.append(actor)
            await _result(actor.ping)
        except Exception as error:
            raise lost_with(error) from error
        return actor

    async def process(self, job: ShardJob) -> ShardResult:
        """Process a shard in the next free actor. Raises `WorkerLost` if that actor is lost."""
        async with self._slots.taken(job.attempt) as actor:
            try:
                end: str = await _result(actor.process, job_as_json(job).decode())
            except Exception as error:  # of the cluster: errors of the job itself are in its end
                raise lost_with(error) from error
        return result_of(end)

    async def abandon(self, _worker: str, started: Collection[str]) -> Collection[str]:
        """Replace the actor of a worker."""
        return self._slots.replace(started)

    async def end(self) -> None:
        """Leave the actors running until they have closed the run."""

    async def kill_all(self) -> None:
        """End all actors, so that their CPUs are free for others."""
        self._slots.close()
        for actor in self._actors:
            with suppress(Exception):  # The cluster may be gone.
                await asyncio.to_thread(self._ray.kill, actor)


async def _result(method: Any, *arguments: str) -> Any:  # noqa: ANN401
    """Call a method of an actor and wait for its result."""
    reference = await asyncio.to_thread(method.remote, *arguments)
    result = asyncio.wrap_future(reference.future())
    result.add_done_callback(lambda ended: ended.cancelled() or ended.exception())
    return await asyncio.shield(result)  # Ray's own thread fails if its future is cancelled.


@asynccontextmanager
async def ray_workers(address: str) -> AsyncIterator[RayWorkers]:
    """Actors on all CPUs of the cluster whose Ray Client server listens at `address` (host:port).

    Raises `ConfigError` if Ray is not installed, or no server responds there, or the cluster has no CPUs.
    """
    try:
        import ray
    except ImportError:
        raise ConfigError("the runner ray:// needs Ray: pip install 'voicemill[ray]'") from None
    is_connected_already = ray.is_initialized()
    if not is_connected_already:
        await asyncio.to_thread(_connect, ray, address)
    workers = None
    try:
        workers = RayWorkers(ray, await _count_cpus(ray, address))
        yield workers
    finally:
        if workers is not None:
            await workers.kill_all()
        if not is_connected_already:
            await asyncio.to_thread(ray.shutdown)


def _connect(ray: ModuleType, address: str) -> None:
    """Connect to a Ray Client server. It starts a process for each client, which fails at times on a busy machine."""
    for attempt in range(1, _CONNECT_ATTEMPTS + 1):
        try:
            ray.init(f"ray://{address}", log_to_driver=False, logging_level=logging.ERROR)
        except (ConnectionError, OSError, RuntimeError) as error:
            if attempt < _CONNECT_ATTEMPTS and isinstance(error, ConnectionAbortedError):
                continue
            reason = str(error).strip().rpartition("\n")[2]
            raise ConfigError(
                f"no Ray cluster responds at {address} ({reason}); start one, or correct --runner. If the cluster "
                "requires a token, set RAY_AUTH_MODE=token"
            ) from error
        return


async def _count_cpus(ray: ModuleType, address: str) -> int:
    """The CPUs of the cluster; waits a while for the first ones."""
    for _ in range(round(_CPUS_TIMEOUT_S / _CPUS_INTERVAL_S)):
        cpus = int((await asyncio.to_thread(ray.cluster_resources)).get("CPU", 0))
        if cpus:
            return cpus
        await asyncio.sleep(_CPUS_INTERVAL_S)
    raise ConfigError(f"the Ray cluster at {address} has no CPUs; start some nodes and rerun")
