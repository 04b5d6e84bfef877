"""The driver's side of a distributed run: grants, merged counters, lost workers, and shards that are sent again."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Collection
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any, Protocol

from voicemill.errors import BudgetReached, StorageError, VoicemillError, WorkersLost
from voicemill.pipeline.context import RunContext
from voicemill.pipeline.distribution.attempts import Attempts, SendsJobs
from voicemill.pipeline.distribution.grants import Grants, LostWorker, settings_of_worker
from voicemill.pipeline.distribution.job_lines import WorkerLost
from voicemill.pipeline.distribution.merged_states import MergedStates
from voicemill.pipeline.distribution.worker_files import DriverState, WorkerFiles, WorkerState, state_as_dict
from voicemill.pipeline.jobs import OpenRun, ShardJob, ShardResult
from voicemill.store.bucket_results import attached_bucket
from voicemill.store.results_folder import ResultsFolder

_MOST_LOSSES = 6
"""A shard whose worker was lost this often ends the run: its rows may be the cause."""

_FROZEN_S = 120.0
"""A worker on this machine that has not written its state for this time is killed."""

_WORKER_TIMEOUT_S = 20.0
"""After this time without its state, the run goes on without a worker on another machine."""

_ABSENCE_TIMEOUT_S = 300.0
"""After this time without any worker, the run stops. A cold worker may need half a minute to start."""

_END_TIMEOUT_S = 30.0


class Placement(SendsJobs, Protocol):
    """Where worker processes run: it sends them jobs."""

    workers: int
    """The number of workers."""

    window: int
    """The number of shards to send before one of them has ended."""

    shares_machine: bool
    """Whether the workers share the cores of the driver's machine."""

    async def abandon(self, worker: str, started: Collection[str]) -> Collection[str]:
        """End a worker that does not respond, or send it no more jobs. `started` are the attempts that it has started.

        Returns the attempts that it holds, unless their jobs fail by themselves.
        """

    async def end(self) -> None:
        """Let all workers close the run, and wait until they have."""


class Workers:
    """The workers of one run."""

    def __init__(
        self, placement: Placement, files: WorkerFiles, context: RunContext, log: Callable[[str], None]
    ) -> None:
        self._placement, self._files, self._context, self._log = placement, files, context, log
        self._grants = Grants(context, are_local=placement.shares_machine)
        self._window = asyncio.Semaphore(placement.window)
        self._states: dict[str, WorkerState] = {}
        self._lost: dict[str, LostWorker] = {}
        self._attempts, self._merged = Attempts(placement, files), MergedStates(context, log)
        self._absent_since_s: float | None = None
        self._changed_s: dict[str, tuple[int, float]] = {}
        self._beat = 0
        self._has_ended = False
        self._failure: VoicemillError | None = None
        self._updating = asyncio.Lock()
        self._replacing = asyncio.Lock()

    async def process(self, job: ShardJob) -> ShardResult:
        """Process a shard in some worker, again and again until its part of the table exists.

        Raises `WorkersLost`, and the error of a worker that concerns every row.
        """
        job, reason = self._for_workers(job), ""
        async with self._window:
            for _ in range(_MOST_LOSSES):
                if self._failure is not None:
                    raise self._failure
                try:
                    result = await self._attempts.process(job)
                except WorkerLost as lost:
                    reason = str(lost)
                    await self._replace(lost.worker, f"{reason}, while it processed {job.label}")
                    continue
                except VoicemillError as error:
                    self._context.stop(error)
                    raise
                await self._context.in_thread(self._files.receive_part, self._context.outputs.folder / job.shard.part)
                self._merged.record_shard(job, result)
                await self.update()
                return result
        all_lost = WorkersLost(
            f"{_MOST_LOSSES} workers ended while they processed {job.label}, the last one with: {reason}. Check their "
            "logs, memory and disk, then rerun the same command to resume"
        )
        self._context.stop(all_lost)
        raise all_lost

    def _for_workers(self, job: ShardJob) -> ShardJob:
        """The job with paths that are valid in workers, and with the settings of a worker."""
        retry = job.shard.retry
        if retry is not None:
            retry = replace(retry, earlier_part=self._for_worker(retry.earlier_part))
        return replace(
            job,
            results=job.results.absolute(),
            address=self._files.address,
            shard=replace(job.shard, part=self._for_worker(job.shard.part), retry=retry),
            settings=settings_of_worker(job.settings, self._placement.workers),
            service=self._context.service,
            recognizer=self._context.recognizer.name,
        )

    def _for_worker(self, part: Path) -> Path:
        """The absolute path of a part, or its path below the results if each worker has a copy of these."""
        return part.relative_to(self._files.results) if self._files.address else part.absolute()

    async def _replace(self, worker: str, reason: str) -> None:
        async with self._replacing:  # The other shards of the worker wait until its answers are committed.
            if worker not in self._lost:
                name = f"worker {worker}" if worker else "a worker"
                self._log(f"{name} was lost: {reason}; another one processes its rows")
                if worker:
                    await self._take_over(worker)

    async def _take_over(self, worker: str) -> None:
        """Count the spending of a lost worker, commit the answers that it has left partial, and end its attempts."""
        self._states |= await asyncio.to_thread(self._files.read_workers)
        granted = self._grants.most_spent(worker, self._states.get(worker))
        spent = await asyncio.to_thread(
            self._files.spent_by, worker, granted, has_ledger=self._placement.shares_machine
        )
        _, seen_s = self._changed_s.get(worker, (0, time.monotonic()))
        self._lost[worker] = LostWorker(spent, seen_s)
        state = self._states.get(worker)
        if state is not None:
            with suppress(StorageError):  # A lost worker on another machine may be alive, and commit them itself.
                await self._context.in_thread(self._context.answers.commit_partials_of, state.answer_writer)
        await self.update()
        started = await asyncio.to_thread(self._files.started_by, worker)
        self._attempts.abandon(worker, {*started, *await self._placement.abandon(worker, started)})

    async def exchange_states(self) -> None:
        """Read the workers' states and grant them slots and budget, until cancelled. An error stops the run."""
        try:
            while True:
                await self.update()
                await self._replace_unresponsive()
                self._check_present()
                await asyncio.sleep(self._files.interval_s)
        except Exception as error:
            self._failure = error if isinstance(error, VoicemillError) else StorageError(str(error))
            self._context.stop(self._failure)
            self._attempts.fail(self._failure)
            raise

    async def _replace_unresponsive(self) -> None:
        """Kill unresponsive workers on this machine, which fails their jobs, and replace those on other machines.

        A cluster may not tell that it has lost a process: its other processes wait for the slots of the lost one.
        """
        now_s = time.monotonic()
        for worker, state in list(self._states.items()):
            beat, since_s = self._changed_s.get(worker, (-1, now_s))
            if beat != state.beat:
                self._changed_s[worker] = (state.beat, now_s)
            elif worker in self._lost or state.has_ended:
                continue
            elif self._placement.shares_machine and now_s - since_s > _FROZEN_S:
                self._changed_s[worker] = (state.beat, now_s)
                await self._placement.abandon(worker, ())
            elif not self._placement.shares_machine and now_s - since_s > _WORKER_TIMEOUT_S:
                await self._replace(worker, f"it has written no state for {_WORKER_TIMEOUT_S:.0f} s")

    def _check_present(self) -> None:
        """Stop the run if shards have waited for a worker for too long."""
        if self._has_living() or not self._attempts.count:
            self._absent_since_s = None
            return
        now_s = time.monotonic()
        if self._absent_since_s is None:
            self._absent_since_s = now_s
            if self._lost:
                self._log(f"no worker is left; the run waits {_ABSENCE_TIMEOUT_S:.0f} s for a new one")
        if now_s - self._absent_since_s > _ABSENCE_TIMEOUT_S:
            absent = WorkersLost(
                f"no worker has responded for {_ABSENCE_TIMEOUT_S:.0f} s; start workers, then rerun the same command "
                "to resume"
            )
            self._context.stop(absent)
            self._attempts.fail(absent)

    async def remove_partials(self) -> None:
        """Remove the partial output files of lost workers; call it when all workers have ended."""
        if self._lost:
            await self._context.in_thread(ResultsFolder(self._files.results).remove_partials)

    async def dismiss(self) -> None:
        """Let workers on other machines close the run, and wait until they have, so that all spending is known."""
        self._has_ended = True
        end_s = time.monotonic() + _END_TIMEOUT_S
        await self.update()
        while self._has_living() and time.monotonic() < end_s:
            await asyncio.sleep(self._files.interval_s)
            await self.update()

    def _has_living(self) -> bool:
        return any(not state.has_ended for worker, state in self._states.items() if worker not in self._lost)

    async def update(self) -> None:
        """Merge the states of all workers into the run's counters, then write new grants.

        States that cannot be read or written are left out: the workers stop if that lasts. Raises `StorageError` if the
        run may have lost the lock on its results by now, and `ResultsLockedError` if another run has taken over.
        """
        async with self._updating:
            self._files.check_lock()
            with suppress(StorageError):
                self._states |= await asyncio.to_thread(self._files.read_workers)
            self._merged.update(self._states, self._lost)
            self._grants.update(self._states, self._lost, self._beat + 1)
            self._check_budget()
            with suppress(StorageError):
                await asyncio.to_thread(self._files.write_driver, self._state())

    def _state(self) -> DriverState:
        self._beat += 1
        return DriverState(
            beat=self._beat,
            grants=self._grants.by_worker,
            most_spent={name: self._grants.most_spent(name, self._states.get(name)) for name in self._grants.by_worker},
            spent_before=self._grants.spent_before,
            fixed_slots=self._grants.fixed_slots,
            lost=tuple(sorted(self._lost)),
            is_paused=self._context.limiter.is_paused,
            is_stopping=self._context.draining,
            has_ended=self._has_ended,
        )

    def _check_budget(self) -> None:
        budget, needed, stats = self._context.limiter.budget, self._grants.unaffordable, self._context.stats
        try:
            if needed is not None:
                budget.check(needed, time.monotonic())
            if stats.calls_kept + stats.calls_reused < stats.calls:
                budget.check_time(time.monotonic())
        except BudgetReached as error:
            self._context.stop(error)

    def progress(self) -> dict[str, Any]:
        """The slots of all workers, their oldest call, and one entry for each worker."""
        living = [state for worker, state in self._states.items() if worker not in self._lost]
        oldest = [state.oldest_call_s for state in living if state.oldest_call_s is not None]
        waiting = {state.waiting_for for state in living}
        return {
            "slots": self._grants.slots_in_use,
            "waiting_for": waiting.pop() if len(waiting) == 1 else "",
            "oldest_call_s": max(oldest, default=None),
            "workers": [state_as_dict(state) for state in living if not state.has_ended],
        }


@asynccontextmanager
async def distributed(
    placement: AbstractAsyncContextManager[Placement],
    files: WorkerFiles,
    opened: OpenRun,
    log: Callable[[str], None],
) -> AsyncIterator[None]:
    """Process the shards of an open run in the workers of `placement` while the block runs. Raises `StorageError`."""
    context = opened.context
    async with AsyncExitStack() as stack:
        placed = await stack.enter_async_context(placement)
        workers = Workers(placed, files, context, log)
        await workers.update()
        updates = asyncio.create_task(workers.exchange_states())
        stack.push_async_callback(_cancel, updates)
        opened.elsewhere, context.workers = workers.process, workers
        yield
        await placed.end()
        await workers.dismiss()
        await workers.remove_partials()
    await context.in_thread(_settle, context, files)


async def _cancel(task: asyncio.Task[None]) -> None:
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task


def _settle(context: RunContext, files: WorkerFiles) -> None:
    """Record the spending of all workers, then remove their files, which would otherwise be added up once more."""
    context.limiter.budget.write()
    context.limiter.budget.sync()
    bucket = attached_bucket(ResultsFolder(files.results))
    if bucket is not None:
        bucket.upload([bucket.folder.spent])
        bucket.take_in_workers()
    files.remove()
