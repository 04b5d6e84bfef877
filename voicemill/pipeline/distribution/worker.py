"""One worker of a run: a process that opens the run's context once and processes the shards that the driver sends."""

import asyncio
import os
import socket
import time
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import asdict

from voicemill import __version__
from voicemill.config import ApiKey
from voicemill.errors import ConfigError, StorageError
from voicemill.limits.budget import GrantedBudget
from voicemill.limits.call_limiter import CallLimiter
from voicemill.model import Outcome
from voicemill.pipeline.context import RunContext, RunLost
from voicemill.pipeline.distribution.worker_files import (
    DRIVER_TIMEOUT_S,
    DriverState,
    Grant,
    SlotUse,
    WorkerFiles,
    WorkerState,
)
from voicemill.pipeline.distribution.worker_results import (
    NOT_A_MEMBER,
    download_parts,
    files_of_worker,
    local_results,
    with_local_paths,
)
from voicemill.pipeline.jobs import OpenRun, ShardJob, ShardResult, new_context, process_job
from voicemill.pipeline.limiter_setup import LedgerStore, open_limiter
from voicemill.service import Service, open_recognizer, open_service
from voicemill.store.results_folder import ResultsFolder
from voicemill.store.spend_ledger import Ledger
from voicemill.store.tables.items_table import known_outcomes
from voicemill.store.tables.plan_table import PlanTable

_LOG_LINES = 20
_ROWS = ("rows_done", "rows_failed", "rows_refused")


class Worker:
    """Processes shards of one run, and exchanges its state with the driver's."""

    def __init__(self, name: str, files: WorkerFiles, opened: OpenRun, budget: GrantedBudget, logged: "_Log") -> None:
        self._name, self._files, self._run, self._budget, self._logged = name, files, opened, budget, logged
        self._beat = 0
        self._seen_beat = 0
        self._looked_s = time.monotonic()
        opened.context.valid_until_s = time.monotonic() + DRIVER_TIMEOUT_S
        self._ended_rows = dict.fromkeys(_ROWS, 0)
        self._writing = asyncio.Lock()
        self._jobs = 0
        self._idle = asyncio.Event()
        self._idle.set()
        self.dismissed = asyncio.Event()
        """Set when the run has ended, or goes on without this worker."""

    @property
    def context(self) -> RunContext:
        """The context that all shards of this worker share."""
        return self._run.context

    async def process(self, job: ShardJob) -> ShardResult:
        """Process a shard. The state of the worker is written before this returns. Raises as `process_job`."""
        self._jobs += 1
        self._idle.clear()
        try:
            return await self._process(job)
        finally:
            self._jobs -= 1
            if not self._jobs:
                self._idle.set()

    async def finish_jobs(self) -> None:
        """Wait until no job is in progress."""
        await self._idle.wait()

    async def _process(self, job: ShardJob) -> ShardResult:
        context, job = self.context, with_local_paths(job, self._files)
        if job.shard.retry is not None and context.pass_number < job.shard.retry.number:
            context.start_retry_pass(job.shard.retry.number)
        if job.shard.level or job.shard.retry is not None:
            context.made |= await context.in_table_thread(_made_by_this_run, job)
        result = await process_job(job, self._run)
        if job.shard.retry is None:
            for name in _ROWS:
                self._ended_rows[name] += result.rows.get(name.removeprefix("rows_"), 0)
        await self.write_state()
        return result

    async def exchange_states(self) -> None:
        """Apply the driver's state and write that of this worker, until cancelled.

        Stops the run of this worker if the driver has written no state for `DRIVER_TIMEOUT_S`.
        """
        while True:
            await self.apply_driver_state()
            await self.write_state()
            await asyncio.sleep(self._files.interval_s)

    async def apply_driver_state(self) -> None:
        """Apply the state of the driver.

        A new heartbeat was written after the look before this one began, so the time limit starts then.
        """
        looked_before_s, self._looked_s = self._looked_s, time.monotonic()
        try:
            driver = await asyncio.to_thread(self._files.read_driver)
        except StorageError:  # An object store out of reach: the driver may live.
            self._leave_if_too_late()
            return
        if driver is None or self._name in driver.lost:
            self._leave(NOT_A_MEMBER)
        elif not self._leave_if_too_late() and driver.beat != self._seen_beat:
            self._seen_beat = driver.beat
            self.context.valid_until_s = looked_before_s + DRIVER_TIMEOUT_S
            self._apply(driver)

    def _leave_if_too_late(self) -> bool:
        is_too_late = time.monotonic() > self.context.valid_until_s
        if is_too_late:
            self._leave(f"this worker has read no new state of the driver for {DRIVER_TIMEOUT_S:.0f} s")
        return is_too_late

    def _leave(self, reason: str) -> None:
        self.context.stop(RunLost(reason))
        self.dismissed.set()

    def _apply(self, driver: DriverState) -> None:
        limiter, grant = self.context.limiter, driver.grants.get(self._name, _NO_GRANT)
        for family, limit in limiter.by_family.items():
            total = driver.fixed_slots.get(family)
            if total is not None and limit.state.bounds.most != total:
                limit.set_fixed(total)
            limit.set_share(None if grant.slots is None else grant.slots.get(family, 0))
        limiter.set_paused(is_paused=driver.is_paused)
        self.context.has_lost_workers = bool(driver.lost)
        if self.context.claims is not None:
            self.context.claims.give_up(driver.lost)
        self._budget.grant(grant.credits, grant.calls)
        if driver.is_stopping:
            self.context.stop()
        if driver.has_ended:
            self.dismissed.set()

    async def write_state(self, *, has_ended: bool = False) -> None:
        """Report to the driver. A report that cannot be written is left out: the run itself finds a full disk."""
        async with self._writing:
            self._beat += 1
            state = self._state(has_ended=has_ended)
            with suppress(StorageError):
                await asyncio.to_thread(self._write, state)

    def _write(self, state: WorkerState) -> None:
        self._budget.sync()
        self._files.write_worker(state)

    def _state(self, *, has_ended: bool) -> WorkerState:
        context, limits = self.context, self._budget.limits
        limiter, history = context.limiter, context.history
        return WorkerState(
            name=self._name,
            host=socket.gethostname(),
            pid=os.getpid(),
            beat=self._beat,
            seen_beat=self._seen_beat,
            slots={family: _use_of(limiter, family) for family in limiter.by_family},
            credits=self._budget.spent.credits,
            calls=self._budget.spent.calls,
            credits_limit=limits.credits,
            calls_limit=limits.calls,
            needed_credits=self._budget.needed_credits,
            stats=asdict(context.stats),
            open_rows=self._open_rows(),
            errors=context.errors,
            oldest_call_s=limiter.oldest_call_s,
            why=limiter.why,
            waiting_for=limiter.waiting_for,
            latencies_s=tuple(history.take_latencies()),
            throttled=history.throttled,
            failed_calls=history.errors,
            log=tuple(self._logged.lines),
            answer_writer=context.answers.writer,
            fatal=_error_of(context),
            has_ended=has_ended,
        )

    def _open_rows(self) -> dict[str, int]:
        """Ended rows of shards in progress. In later passes, the driver counts rows when their shard ends."""
        if self.context.pass_number > 1:
            return {}
        return {name: rows - self._ended_rows[name] for name, rows in _rows_of(self.context).items()}


_NO_GRANT = Grant({}, 0.0, 0)
"""Before the driver knows this worker."""


@asynccontextmanager
async def open_worker(name: str, job: ShardJob, key: ApiKey | None = None) -> AsyncIterator[Worker]:
    """Open the run of `job` in this process, for all its shards. `key` replaces the key of the environment.

    Raises `ConfigError` if this process has another version or service than the run, before it makes a call, and
    `RunLost` if the run has ended.
    """
    _check_version(job)
    files = files_of_worker(job, name)
    if files.read_driver() is None:
        raise RunLost(f"{job.address or job.results} is not visible here, or its run has ended")
    with local_results(name, job, files) as folder, files.in_use():
        async with open_service(job.settings, key, earlier=job.service) as service:
            _check_service(job.service, service)
            async with open_recognizer(job.settings, service) as recognizer:
                _check_service(job.recognizer or job.service, recognizer)
                async with _opened(name, job, folder, files, service, recognizer) as worker:
                    yield worker


@asynccontextmanager
async def _opened(
    name: str, job: ShardJob, folder: ResultsFolder, files: WorkerFiles, service: Service, recognizer: Service
) -> AsyncIterator[Worker]:
    ledger, logged = Ledger(files.ledger(name)), _Log()
    budget = GrantedBudget(LedgerStore(ledger))
    limiter = open_limiter(job.settings, service.name, ledger, logged.add, budget)
    context = new_context(folder, job.settings, service, recognizer, job.selection, limiter)
    context.earlier_tables = tuple(table for table in context.earlier_tables if table.parent.name != job.run_id)
    context.made |= known_outcomes(context.earlier_tables, sorted(PlanTable(folder.plan).used_ids))
    claims = context.claims = files.claims(name)
    worker = Worker(name, files, OpenRun(context), budget, logged)
    await worker.apply_driver_state()
    beats = asyncio.create_task(worker.exchange_states())
    try:
        yield worker
    finally:
        beats.cancel()
        with suppress(asyncio.CancelledError):
            await beats
        context.close()
        await worker.write_state(has_ended=True)
        await asyncio.to_thread(claims.close)
        ledger.close()


class _Log:
    """The last lines of a worker's log, numbered, so that the driver logs each of them once."""

    def __init__(self) -> None:
        self.lines: deque[tuple[int, str]] = deque(maxlen=_LOG_LINES)
        self._count = 0

    def add(self, line: str) -> None:
        """Add a line."""
        self._count += 1
        self.lines.append((self._count, line))


def _check_version(job: ShardJob) -> None:
    if job.version != __version__:
        raise ConfigError(
            f"the worker on {socket.gethostname()} has voicemill {__version__}, but the run was started with "
            f"{job.version}; install the same version everywhere and rerun"
        )


def _check_service(expected: str, service: Service) -> None:
    if service.name != expected:
        raise ConfigError(
            f"the worker on {socket.gethostname()} would use {service.name}, but the run uses {expected}; give "
            "workers the same key, base URL and engine as the run, and rerun"
        )


def _made_by_this_run(job: ShardJob) -> dict[str, Outcome]:
    folder = ResultsFolder(job.results)
    download_parts(folder, job.run_id)
    parts = sorted(job.shard.part.parent.glob("*.parquet"))
    return known_outcomes(parts, sorted(PlanTable(folder.plan).used_ids))


def _use_of(limiter: CallLimiter, family: str) -> SlotUse:
    limit = limiter.by_family[family]
    waiting = limit.semaphore.held + limit.semaphore.waiting
    return SlotUse(limit.semaphore.limit, limit.semaphore.held, min(limit.state.slots, waiting))


def _rows_of(context: RunContext) -> dict[str, int]:
    return {name: getattr(context.stats, name) for name in _ROWS}


def _error_of(context: RunContext) -> tuple[str, str] | None:
    error = context.fatal
    return None if error is None or isinstance(error, RunLost) else (type(error).__name__, str(error))
