"""Workers in flow runs of a Prefect work pool: each flow run is one process, which serves the run until it ends."""

import asyncio
from collections.abc import AsyncIterator, Callable, Collection
from contextlib import asynccontextmanager, suppress
from typing import Final
from uuid import UUID

from prefect.client.orchestration import PrefectClient, get_client
from prefect.client.schemas.objects import FlowRun, WorkerStatus
from prefect.deployments.runner import RunnerDeployment
from prefect.exceptions import ObjectNotFound, PrefectException
from prefect.runner.storage import LocalStorage
from prefect.states import Cancelled

from voicemill.errors import ConfigError
from voicemill.pipeline.distribution.job_files import JOBS_PER_WORKER, JobFiles
from voicemill.pipeline.distribution.job_lines import WorkerLost, result_of
from voicemill.pipeline.distribution.worker_files import INTERVAL_S, WorkerFiles
from voicemill.pipeline.distribution.worker_slots import WorkerSlots
from voicemill.pipeline.jobs import ShardJob, ShardResult

_ENTRYPOINT: Final = "flows.pool_worker.pool_worker"
_DEPLOYMENT: Final = "voicemill-worker"
_STATE_INTERVAL_S: Final = 2.0


class PoolWorkers:
    """Sends jobs to flow runs of a deployment, which it starts, through files in the results folder."""

    shares_machine = False

    def __init__(self, client: PrefectClient, deployment: UUID, files: WorkerFiles, workers: int) -> None:
        self.workers, self.window = workers, JOBS_PER_WORKER * workers
        self._client, self._deployment, self._files = client, deployment, files
        self._parameters = {"results": str(files.results.absolute()), "run_id": files.folder.name}
        self._runs: list[UUID] = []
        self._slots: WorkerSlots[UUID] = WorkerSlots(self._start, JOBS_PER_WORKER)
        self._slots.start(workers)

    async def _start(self) -> UUID:
        """The id of a flow run that takes jobs."""
        try:
            run = await self._client.create_flow_run_from_deployment(self._deployment, parameters=self._parameters)
        except PrefectException as error:
            raise WorkerLost("", f"its flow run was not created: {error}") from error
        self._runs.append(run.id)
        await self._until(lambda: JobFiles(self._files, str(run.id)).is_ready, run.id)
        return run.id

    async def process(self, job: ShardJob) -> ShardResult:
        """Process a shard in the next free flow run. Raises `WorkerLost` if that flow run ends before."""
        async with self._slots.taken(job.attempt) as run:
            jobs = JobFiles(self._files, str(run))
            await asyncio.to_thread(jobs.send, job)
            end = await self._until(lambda: jobs.end_of(job), run)
        return result_of(end)

    async def _until(self, ready: Callable[[], str | bool], run: UUID) -> str:
        """Wait for a file of a flow run. Raises `WorkerLost` if the flow run ends before."""
        loop = asyncio.get_running_loop()
        check_s = loop.time() + _STATE_INTERVAL_S
        while not (value := await asyncio.to_thread(ready)):
            if loop.time() > check_s:
                await self._check(run)
                check_s = loop.time() + _STATE_INTERVAL_S
            await asyncio.sleep(INTERVAL_S)
        return str(value)

    async def _check(self, run: UUID) -> None:
        """Raise `WorkerLost` if a flow run has ended. An unreachable server is not the end of a flow run."""
        found = await self._read(run)
        if found is not None and found.state is not None and found.state.is_final():
            raise WorkerLost("", f"its flow run {found.name} has ended as {found.state.name}")

    async def _read(self, run: UUID) -> FlowRun | None:
        with suppress(PrefectException, OSError):
            return await self._client.read_flow_run(run)
        return None

    async def abandon(self, _worker: str, started: Collection[str]) -> Collection[str]:
        """Replace the flow run of a worker."""
        return self._slots.replace(started)

    async def end(self) -> None:
        """Leave the flow runs alone: they end with the run."""

    async def cancel_waiting(self) -> None:
        """Cancel the flow runs that have not started."""
        self._slots.close()
        for run in self._runs:
            found = await self._read(run)
            state = None if found is None else found.state
            if state is not None and (state.is_scheduled() or state.is_pending()):
                with suppress(PrefectException, OSError):
                    await self._client.set_flow_run_state(run, Cancelled())


@asynccontextmanager
async def pool_workers(pool: str, files: WorkerFiles) -> AsyncIterator[PoolWorkers]:
    """Flow runs in a work pool, as many as its concurrency limit, or one for each of its workers that is online.

    Raises `ConfigError` if the pool does not exist, or has neither a limit nor a worker.
    """
    async with get_client() as client:
        workers = await _count_workers(client, pool)
        deployment = RunnerDeployment.from_entrypoint(_ENTRYPOINT, name=f"{_DEPLOYMENT}-{pool}", work_pool_name=pool)
        deployment.storage = LocalStorage("/")  # All paths are absolute, and Prefect copies no folder.
        placed = PoolWorkers(client, await deployment.aapply(), files, workers)
        try:
            yield placed
        finally:
            await placed.cancel_waiting()


async def _count_workers(client: PrefectClient, pool: str) -> int:
    try:
        found = await client.read_work_pool(pool)
        online = [each for each in await client.read_workers_for_work_pool(pool) if each.status == WorkerStatus.ONLINE]
    except ObjectNotFound:
        raise ConfigError(f"the work pool {pool!r} does not exist; create it: prefect work-pool create") from None
    if not (found.concurrency_limit or online):
        raise ConfigError(
            f"no worker is online in the work pool {pool!r}; start one: prefect worker start --pool {pool}"
        )
    return found.concurrency_limit or len(online)
