"""What the hands of a run share: the service, the store, the pace, the output folder, and the word to stop."""

import asyncio
from collections.abc import Callable
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import ParamSpec, TypeVar

from voicemill.cartesia.client import CartesiaClient
from voicemill.config import Settings
from voicemill.errors import Refused, TooManyErrors, VoicemillError
from voicemill.limits.call_limiter import CallLimiter
from voicemill.limits.concurrency import PrioritySemaphore
from voicemill.model import Outcome
from voicemill.run.group_commit import GroupCommit
from voicemill.run.selection import EVERY_ROW, Selection
from voicemill.store.answer_store import AnswerStore, commit_answers
from voicemill.store.output_folder import OutputFolder
from voicemill.store.tables.timings_tables import Timings

P = ParamSpec("P")
T = TypeVar("T")

_STORAGE_THREADS = 4
_MOST_OPEN_SHARDS = 16
_COMMIT_INTERVAL_S = 0.05
"""Other rows use the slot meanwhile, so that to wait so long for company costs a run nothing and saves a third of its
CPU. The pieces of a long text do not wait: there may be no other row."""


@dataclass
class RunStats:
    """What has happened so far in this run; read by progress displays."""

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
    transcribed_s: float = 0.0
    converted_s: float = 0.0

    @property
    def rows_ended(self) -> int:
        """Rows that need nothing more in this run."""
        return self.rows_done + self.rows_failed + self.rows_refused


class Stopped(VoicemillError):
    """The run is ending: whatever has not started does not start."""


@dataclass
class RunContext:
    """One run's workplace, used from one event loop."""

    settings: Settings
    service: str
    cartesia: CartesiaClient
    answers: AnswerStore
    outputs: OutputFolder
    limiter: CallLimiter
    earlier_tables: tuple[Path, ...] = ()
    selection: Selection = EVERY_ROW
    timings: Timings = field(default_factory=Timings)
    stats: RunStats = field(default_factory=RunStats)
    fatal: VoicemillError | None = None
    draining: bool = False

    def __post_init__(self) -> None:
        self._threads = ThreadPoolExecutor(_STORAGE_THREADS, thread_name_prefix="storage")
        # Always the same one: each thread keeps what it once had in memory, and a table takes tens of megabytes.
        self._table_thread = ThreadPoolExecutor(1, thread_name_prefix="tables")
        self.made: dict[str, Outcome] = {}
        # One alone: several would contend for the interpreter's lock, and the disk does one thing after another anyway.
        self._disk_thread = ThreadPoolExecutor(1, thread_name_prefix="disk")
        self.committing = GroupCommit(commit_answers, self._disk_thread, _COMMIT_INTERVAL_S)
        self.committing_soon = GroupCommit(commit_answers, self._disk_thread, 0)
        self.delivering = GroupCommit(self.outputs.deliver_all, self._disk_thread, _COMMIT_INTERVAL_S)
        self.asking: dict[str, asyncio.Future[None]] = {}
        self.errors = 0
        self.refused: dict[str, Refused] = {}
        self.open_shards = PrioritySemaphore(_MOST_OPEN_SHARDS)
        self._stopping = asyncio.Event()
        self.limiter.attach(self)

    def stop(self, error: VoicemillError | None = None) -> None:
        """Start nothing more; with `error`, because nothing more could succeed."""
        self.draining = True
        self.fatal = self.fatal or error
        self._stopping.set()
        self.limiter.end()

    def count_error(self) -> None:
        """A row failed or was refused just now; the run stops where those are more than it may have."""
        self.errors += 1
        allowed = self.settings.pace.fail_on_error
        if allowed and self.errors > (allowed if allowed >= 1 else allowed * self.stats.rows):
            self.stop(
                TooManyErrors(
                    f"{self.errors} rows failed or were refused, more than --fail-on-error {allowed:g} allows; see "
                    "failures.csv, then run the same command again to go on"
                )
            )

    def check_going(self) -> None:
        """Raise `Stopped` once the run is ending."""
        if self.draining:
            raise Stopped(str(self.fatal or "the run was interrupted"))

    async def pause(self, seconds: float) -> None:
        """Let `seconds` pass, or less where the run is ending: nobody waits for an attempt that will not be made."""
        with suppress(TimeoutError):
            await asyncio.wait_for(self._stopping.wait(), seconds)

    async def in_thread(self, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run blocking storage or audio work beside the event loop."""
        return await _beside(self._threads, partial(work, *args, **kwargs))

    async def in_table_thread(self, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Read or write a table beside the event loop, one at a time."""
        return await _beside(self._table_thread, partial(work, *args, **kwargs))

    def close(self) -> None:
        """Wait for the storage threads and end them; write down what was spent."""
        self._threads.shutdown(wait=True)
        self._disk_thread.shutdown(wait=True)
        self._table_thread.shutdown(wait=True)
        self.limiter.close()


async def _beside(threads: Executor, work: Callable[[], T]) -> T:
    return await asyncio.get_running_loop().run_in_executor(threads, work)
