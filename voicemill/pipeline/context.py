"""The state that one run shares: the service, the answer store, the limits, the output folder, and the stop signal."""

import asyncio
import math
import os
import time
from collections.abc import Callable
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any, ParamSpec, Protocol, TypeVar

from voicemill.cartesia.client import CartesiaClient
from voicemill.config import Settings
from voicemill.errors import Refused, TooManyErrors, VoicemillError
from voicemill.limits.call_limiter import CallLimiter
from voicemill.limits.concurrency import PrioritySemaphore
from voicemill.model import Call, Outcome
from voicemill.pipeline.group_commit import GroupCommit
from voicemill.pipeline.regenerated import RegeneratedPassages
from voicemill.pipeline.run_history import RunHistory
from voicemill.pipeline.selection import EVERY_ROW, Selection
from voicemill.pipeline.turns import Turns
from voicemill.quality.pool import CheckPool
from voicemill.service import Service
from voicemill.store.answer_store import AnswerStore
from voicemill.store.call_claims import Claims
from voicemill.store.output_folder import OutputFolder
from voicemill.store.tables.timings_index import Timings
from voicemill.store.verdict_cache import VerdictCache

P = ParamSpec("P")
T = TypeVar("T")

_STORAGE_THREADS = 4
_MOST_OPEN_SHARDS = 16
_COMMIT_INTERVAL_S = 0.05
"""How long answers wait to be synced to disk together. Other rows use the slot meanwhile, so this costs a run nothing
and saves a third of its CPU. The parts of a long text do not wait: there may be no other row to use the slot."""


@dataclass
class RunStats:
    """The counters of a run in progress, which progress displays read.

    The `work` of calls is their assumed response time, by characters and seconds of audio: of all calls, of those made
    in this run, and of those with stored answers. It predicts the remaining time. `audio_total_s` is the expected
    length of the audio of all calls, and `audio_reused_s` that of stored answers.
    """

    rows: int = 0
    rows_done: int = 0
    rows_failed: int = 0
    rows_refused: int = 0
    rows_unchanged: int = 0
    rows_assembling: int = 0
    calls: int = 0
    calls_made: int = 0
    calls_kept: int = 0
    calls_reused: int = 0
    calls_in_flight: int = 0
    retries: int = 0
    credits: float = 0.0
    audio_s: float = 0.0
    audio_total_s: float = 0.0
    audio_reused_s: float = 0.0
    transcribed_s: float = 0.0
    converted_s: float = 0.0
    work_s: float = 0.0
    work_made_s: float = 0.0
    work_reused_s: float = 0.0

    @property
    def rows_ended(self) -> int:
        """Rows that are done, failed or refused."""
        return self.rows_done + self.rows_failed + self.rows_refused


class Stopped(VoicemillError):
    """The run is stopping; no further work starts."""


class RunLost(VoicemillError):
    """This worker no longer takes part in the run: the driver has ended, is silent, or has replaced the worker."""


class ShardWorkers(Protocol):
    """The worker processes of a run, as its progress display sees them."""

    def progress(self) -> dict[str, Any]:
        """Their slots, their oldest call, and one entry for each worker: these replace those of this process."""


@dataclass
class RunContext:
    """The shared state of one run in one process. Used from one event loop."""

    settings: Settings
    service: str
    cartesia: CartesiaClient
    recognizer: Service
    """The service that transcribes generated audio for checks."""
    answers: AnswerStore
    outputs: OutputFolder
    limiter: CallLimiter
    earlier_tables: tuple[Path, ...] = ()
    selection: Selection = EVERY_ROW
    timings: Timings = field(default_factory=Timings)
    verdicts: VerdictCache = field(default_factory=lambda: VerdictCache(Path(os.devnull)))
    regenerated: RegeneratedPassages = field(default_factory=RegeneratedPassages)
    stats: RunStats = field(default_factory=RunStats)
    history: RunHistory = field(default_factory=lambda: RunHistory(time.monotonic))
    fatal: VoicemillError | None = None
    draining: bool = False
    errors: int = 0
    pass_number: int = 1
    """The pass of the run over its rows: from the second on, only failed rows are processed."""
    made: dict[str, Outcome] = field(default_factory=dict)
    """Outcomes of the rows whose output other rows use, by id."""
    in_flight: dict[str, asyncio.Future[None]] = field(default_factory=dict)
    """Calls under way, by key: a duplicate call waits for the first one."""
    started_at: datetime = field(default_factory=lambda: datetime.now(UTC))
    reused: dict[str, set[str]] = field(default_factory=dict)
    """The keys of stored answers that were counted as reused, by the id of a row that is not done."""
    refused: dict[str, Refused] = field(default_factory=dict)
    """Refused calls, by key: the service would refuse a duplicate call again."""
    claims: Claims | None = None
    """The claims on calls that this worker shares with the other workers of the run; None in a run of one process."""
    valid_until_s: float = math.inf
    """From this time of the monotonic clock on, the run may go on without this worker."""
    has_lost_workers: bool = False
    """Whether a worker was lost that may be frozen, and still hold its claims."""
    workers: "ShardWorkers | None" = None
    """The worker processes that process the shards; None if this process does."""

    def __post_init__(self) -> None:
        self._threads = ThreadPoolExecutor(_STORAGE_THREADS, thread_name_prefix="storage")
        # A single thread: each thread keeps the memory that a table once needed, tens of megabytes.
        self._table_thread = ThreadPoolExecutor(1, thread_name_prefix="tables")
        self.check_pool = CheckPool()
        self._check_threads = ThreadPoolExecutor(self.check_pool.size, thread_name_prefix="checks")
        # A single thread: several would contend for the interpreter's lock, and the disk serializes the work anyway.
        self._disk_thread = ThreadPoolExecutor(1, thread_name_prefix="disk")
        self.committing = GroupCommit(self.answers.commit_all, self._disk_thread, _COMMIT_INTERVAL_S)
        self.committing_now = GroupCommit(self.answers.commit_all, self._disk_thread, 0)
        self.delivering = GroupCommit(self.outputs.deliver_all, self._disk_thread, _COMMIT_INTERVAL_S)
        self.open_shards = PrioritySemaphore(_MOST_OPEN_SHARDS)
        self.answer_turns = Turns()
        self._stopping = asyncio.Event()
        self.limiter.attach(self)

    def client_of(self, call: Call) -> CartesiaClient:
        """The client of the service that answers a call."""
        return self.cartesia if call.service == self.service else self.recognizer.cartesia

    def stop(self, error: VoicemillError | None = None) -> None:
        """Start no more work. `error` is the reason when no further call could succeed."""
        self.draining = True
        self.fatal = self.fatal or error
        self._stopping.set()
        self.limiter.end()

    def start_retry_pass(self, number: int) -> None:
        """Process only failed rows from now on."""
        self.pass_number = number
        self.limiter.health.start_retry_pass()

    def count_error(self) -> None:
        """Count a row that failed or was refused; stop the run if there are more than `fail_on_error` allows."""
        self.errors += 1
        allowed = self.settings.pace.fail_on_error
        if allowed and self.errors > (allowed if allowed >= 1 else allowed * self.stats.rows):
            self.stop(
                TooManyErrors(
                    f"{self.errors} rows failed or were refused, more than --fail-on-error {allowed:g} allows; see "
                    "failures.csv, then rerun the same command to resume"
                )
            )

    def check_going(self) -> None:
        """Raise `Stopped` if the run is stopping, or goes on without this worker."""
        self._check_valid()
        if self.draining:
            raise Stopped(str(self.fatal or "the run was interrupted"))

    def check_not_lost(self) -> None:
        """Raise `RunLost` if another worker may process this worker's shards: it must not write their tables."""
        self._check_valid()
        if isinstance(self.fatal, RunLost):
            raise self.fatal

    def _check_valid(self) -> None:
        """Stop a worker that was frozen before it makes another call: it has not read yet that it was replaced."""
        if time.monotonic() > self.valid_until_s:
            self.stop(RunLost("this worker has read no state of the driver for too long"))

    async def pause(self, seconds: float) -> None:
        """Wait for `seconds`, or until the run stops: no retry follows then."""
        with suppress(TimeoutError):
            await asyncio.wait_for(self._stopping.wait(), seconds)

    async def in_thread(self, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run blocking storage or audio work outside the event loop."""
        return await _in_executor(self._threads, partial(work, *args, **kwargs))

    async def in_table_thread(self, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Read or write a table outside the event loop, one at a time."""
        return await _in_executor(self._table_thread, partial(work, *args, **kwargs))

    async def in_check_thread(self, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run a check that uses the check pool outside the event loop, one for each CPU at a time."""
        return await _in_executor(self._check_threads, partial(work, *args, **kwargs))

    def close(self) -> None:
        """Wait for the storage threads to finish, and record the spending."""
        self._check_threads.shutdown(wait=True, cancel_futures=True)
        self.check_pool.close()
        self._threads.shutdown(wait=True)
        self._disk_thread.shutdown(wait=True)
        self._table_thread.shutdown(wait=True)
        self.answers.close()
        self.limiter.close()


async def _in_executor(threads: Executor, work: Callable[[], T]) -> T:
    return await asyncio.get_running_loop().run_in_executor(threads, work)
