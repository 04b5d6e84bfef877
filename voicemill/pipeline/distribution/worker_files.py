"""The files through which the driver of a run and its workers exchange their state.

    .voicemill/workers/
      lock                   shared by all workers; a later run waits until none holds it
      <run id>/driver.json   heartbeat, grants, pause and stop, written by the driver
      <run id>/<worker>.json heartbeat, counters and use of the grant, written by the worker
      <run id>/<worker>.spent.json   the spending of the worker, written before each call

Every runner uses them, because workers share the results folder in any case. If the results are in an object store,
objects replace these files (`worker_objects`).
"""

import fcntl
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, ClassVar, Final

from pydantic import TypeAdapter, ValidationError

from voicemill.errors import StorageError
from voicemill.limits.budget import Spending
from voicemill.store import durable_files as durable
from voicemill.store.call_claims import CallClaims, Claims
from voicemill.store.results_folder import ResultsFolder
from voicemill.store.spend_ledger import Ledger

DRIVER_TIMEOUT_S: Final = 28.0
"""Workers start no more calls when they have read no new heartbeat of the driver for this time.

A heartbeat is read some time after it was written; 30 s after the death of a driver, all its workers have stopped.
"""

INTERVAL_S: Final = 0.25
"""The time between two heartbeats on a disk that the run and its workers share."""


@dataclass(frozen=True, slots=True)
class Grant:
    """What one worker may use: concurrent calls by family, and credits and calls since its start.

    None means that the driver sets no limit.
    """

    slots: dict[str, int] | None = None
    credits: float | None = None
    calls: int | None = None

    @property
    def budget(self) -> Spending:
        """The most that the worker may have spent."""
        return Spending(self.credits or 0.0, self.calls or 0)


@dataclass(frozen=True, slots=True)
class DriverState:
    """The state of the driver. `beat` counts its writes.

    `most_spent` is the most that each worker may have spent by now. `spent_before` are the credits and calls of the
    folder at the start of the run. `fixed_slots` are totals that do not adapt to the service, by family. The run goes
    on without the workers in `lost`.
    """

    beat: int
    grants: dict[str, Grant]
    most_spent: dict[str, Spending] = field(default_factory=dict)
    spent_before: tuple[float, int] = (0.0, 0)
    fixed_slots: dict[str, int] = field(default_factory=dict)
    lost: tuple[str, ...] = ()
    is_paused: bool = False
    is_stopping: bool = False
    has_ended: bool = False


@dataclass(frozen=True, slots=True)
class SlotUse:
    """The slots of a call family in a worker: its limit, those that calls hold, and those that calls could use."""

    limit: int
    held: int
    wanted: int


@dataclass(frozen=True, slots=True)
class WorkerState:
    """The state of a worker. `beat` counts its writes; `seen_beat` is the last heartbeat of the driver that it read.

    `credits` and `calls` are spent, of the limits in effect. `needed_credits` is the price of a call that waits for a
    larger grant. `stats` are its counters, of which `open_rows` belong to shards in progress.
    """

    name: str
    host: str
    pid: int
    beat: int = 0
    seen_beat: int = 0
    slots: dict[str, SlotUse] = field(default_factory=dict)
    credits: float = 0.0
    calls: int = 0
    credits_limit: float | None = None
    calls_limit: int | None = None
    needed_credits: float | None = None
    stats: dict[str, float] = field(default_factory=dict)
    open_rows: dict[str, int] = field(default_factory=dict)
    errors: int = 0
    oldest_call_s: float | None = None
    why: str = ""
    waiting_for: str = ""
    latencies_s: tuple[float, ...] = ()
    throttled: int = 0
    failed_calls: int = 0
    log: tuple[tuple[int, str], ...] = ()
    answer_writer: str = ""
    fatal: tuple[str, str] | None = None
    has_ended: bool = False


DRIVER_STATE: Final = TypeAdapter(DriverState)
WORKER_STATE: Final = TypeAdapter(WorkerState)


class WorkerFiles:
    """The files of one run."""

    interval_s: ClassVar[float] = INTERVAL_S
    """The time between two heartbeats, and between two looks at the other side's heartbeat."""

    address = ""
    """The address of the results, if they are in an object store, and workers share no folder with the run."""

    def __init__(self, results: ResultsFolder, run_id: str) -> None:
        self.results = results.path
        self.folder = results.workers / run_id
        self._driver = self.folder / "driver.json"
        self._lock = results.workers / "lock"

    def create(self) -> None:
        """Create the folder. Raises `StorageError`."""
        durable.make_folder(self.folder)

    def remove(self) -> None:
        """Remove the files of the run."""
        shutil.rmtree(self.folder, ignore_errors=True)

    def check_lock(self) -> None:
        """Raise `StorageError` if this process may have lost the lock on the results. That of a folder lasts."""

    def receive_part(self, part: Path) -> None:
        """Make sure that the part of a shard is here, with the tables that belong to it. Raises `StorageError`."""

    def ledger(self, worker: str) -> Path:
        """The file that records the spending of a worker."""
        return self.folder / f"{worker}.spent.json"

    def claims(self, worker: str) -> Claims:
        """The claims of `worker` on calls. Raises `StorageError`."""
        return CallClaims(self.folder / "claims")

    def log_of(self, worker: str) -> Path:
        """The file with the standard error of a worker process."""
        return self.folder / f"{worker}.stderr"

    def write_driver(self, state: DriverState) -> None:
        """Replace the state of the driver. Raises `StorageError`."""
        durable.replace_file(self._driver, DRIVER_STATE.dump_json(state))

    def read_driver(self) -> DriverState | None:
        """The state of the driver; None if the run has ended."""
        try:
            return DRIVER_STATE.validate_json(self._driver.read_bytes())
        except (OSError, ValidationError):
            return None

    def dismiss(self) -> None:
        """Tell the workers of an earlier run that it goes on without them. Raises `StorageError`."""
        state = self.read_driver()
        if state is not None:
            self.write_driver(dismissing(state))

    def write_worker(self, state: WorkerState) -> None:
        """Replace the state of a worker. Raises `StorageError`."""
        durable.replace_file(self.folder / f"{state.name}.json", WORKER_STATE.dump_json(state))

    def read_workers(self) -> dict[str, WorkerState]:
        """The states of all workers of the run, by name."""
        found: dict[str, WorkerState] = {}
        for path in self.folder.glob("*.json"):
            if path != self._driver and not path.name.endswith(".spent.json"):
                with suppress(OSError, ValidationError):
                    state = WORKER_STATE.validate_json(path.read_bytes())
                    found[state.name] = state
        return found

    def start(self, attempt: str, worker: str) -> str:
        """Record that `worker` starts this attempt at a job. Returns the worker that started it before, if any."""
        path = self._start_of(attempt)
        with durable.storage_errors(path):
            try:
                with open(path, "x", encoding="utf-8", opener=durable.owner_only) as file:
                    file.write(worker)
            except FileExistsError:
                return path.read_text(encoding="utf-8") or "unknown"
        return ""

    def worker_of(self, attempt: str) -> str:
        """The worker that recorded the start of this attempt; empty if none did."""
        try:
            return self._start_of(attempt).read_text(encoding="utf-8")
        except OSError:
            return ""

    def started_by(self, worker: str) -> list[str]:
        """The attempts that a worker has started."""
        return [path.stem for path in self.folder.glob("*.started") if self.worker_of(path.stem) == worker]

    def _start_of(self, attempt: str) -> Path:
        return self.folder / f"{attempt}.started"

    def spent_by(self, worker: str, granted: Spending, *, has_ledger: bool) -> Spending:
        """The spending of a lost worker: by its ledger if that is up to date, otherwise all that it was granted."""
        if has_ledger:
            with suppress(StorageError):
                return Spending(*_read_ledger(self.ledger(worker)))
        return granted

    @contextmanager
    def in_use(self) -> Iterator[None]:
        """Hold the lock of the workers while the block runs. The lock ends with the process, however that ends."""
        with durable.storage_errors(self._lock):
            descriptor = durable.owner_only(self._lock, os.O_RDWR | os.O_CREAT)
        try:
            with suppress(OSError):  # A file system without locks: the heartbeat is the only fence.
                fcntl.flock(descriptor, fcntl.LOCK_SH)
            yield
        finally:
            os.close(descriptor)


def dismissing(state: DriverState) -> DriverState:
    """A state of the driver that ends all its workers."""
    return replace(state, beat=state.beat + 1, lost=tuple(state.grants))


def has_workers(results: ResultsFolder) -> bool:
    """Whether a worker of an earlier run still uses the results folder."""
    try:
        with (results.workers / "lock").open("rb") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        return False
    return False


def _read_ledger(path: Path) -> tuple[float, int]:
    with durable.storage_errors(path):
        path.stat()
    ledger = Ledger(path)
    try:
        return ledger.read()
    finally:
        ledger.close()


def state_as_dict(state: WorkerState) -> dict[str, Any]:
    """A worker's state as the progress file shows it."""
    shown = asdict(state)
    return {name: shown[name] for name in ("name", "host", "pid", "slots", "credits", "calls")}
