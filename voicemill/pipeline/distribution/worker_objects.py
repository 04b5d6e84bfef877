"""The objects through which the driver of a run and its workers exchange their state, for results in an object store.

    .voicemill/workers/<run id>/
      driver.json              heartbeat, grants, pause and stop, written by the driver
      states/<worker>.json     heartbeat, counters and use of the grant, written by the worker
      <worker>.spent.json      the spending of the worker, written before each of its answers
      started/<attempt>        the worker that has started an attempt at a job
      claims/<key>             the worker that makes a call now

Only one driver can write `driver.json`: each write requires that the object is as the driver left it. A run that takes
over changes it first, so the driver before it can renew no heartbeat and grant nothing any more.
"""

import os
import secrets
import socket
from collections.abc import Collection
from contextlib import suppress
from pathlib import Path
from typing import ClassVar, Final

from pydantic import ValidationError

from voicemill.errors import ResultsLockedError
from voicemill.limits.budget import Spending
from voicemill.pipeline.distribution.worker_files import (
    DRIVER_STATE,
    WORKER_STATE,
    DriverState,
    WorkerFiles,
    WorkerState,
    dismissing,
)
from voicemill.store.bucket_results import attached_bucket
from voicemill.store.call_claims import Claims, ObjectClaims
from voicemill.store.object_store import ObjectFolder, StoredObject
from voicemill.store.results_folder import ResultsFolder

_WORKERS: Final = ".voicemill/workers"
_DISMISS_ATTEMPTS: Final = 10


class WorkerObjects(WorkerFiles):
    """The objects of one run, in the store and the folder of `objects`."""

    interval_s: ClassVar[float] = 1.0

    def __init__(self, results: ResultsFolder, run_id: str, objects: ObjectFolder) -> None:
        super().__init__(results, run_id)
        self.address = objects.address
        self._objects = objects
        self._below = f"{_WORKERS}/{run_id}"
        self._driver_name = f"{self._below}/driver.json"
        self._etag = ""
        self._attempted: set[bytes] = set()
        self._states: dict[str, tuple[StoredObject, WorkerState]] = {}
        self._starts: dict[str, str] = {}

    def remove(self) -> None:
        """Remove the objects of the run, the driver's first: without it, nobody adds up the spending once more."""
        super().remove()
        self._objects.delete(list(self._objects.list(self._driver_name)))
        self._objects.delete(self._objects.list(self._below))

    def check_lock(self) -> None:
        """Raise `StorageError` if this process may have lost the lease on the results."""
        bucket = attached_bucket(ResultsFolder(self.results))
        assert bucket is not None
        bucket.lease.check()

    def receive_part(self, part: Path) -> None:
        """Download the part of a shard, with the tables that belong to it. Raises `StorageError`."""
        bucket = attached_bucket(ResultsFolder(self.results))
        assert bucket is not None
        bucket.download_part(part)

    def claims(self, worker: str) -> Claims:
        """The claims of `worker` on calls."""
        return ObjectClaims(self._objects, f"{self._below}/claims", worker)

    def write_driver(self, state: DriverState) -> None:
        """Replace the state of the driver. Raises `StorageError`, and `ResultsLockedError` after another run has."""
        content = DRIVER_STATE.dump_json(state)
        self._attempted.add(content)
        objects, name = self._objects, self._driver_name
        etag = objects.replace(name, content, self._etag) if self._etag else objects.create(name, content)
        self._etag = etag or self._written_after_all(content)
        self._attempted.clear()

    def _written_after_all(self, content: bytes) -> str:
        """Write a state if an earlier write of this driver has succeeded, but seemed to fail. Returns the ETag."""
        name, found = self._driver_name, self._objects.stat(self._driver_name)
        stored = self._objects.read(name)
        if found is not None and stored in self._attempted:
            etag = found.etag if stored == content else self._objects.replace(name, content, found.etag)
            if etag is not None:
                return etag
        raise ResultsLockedError(f"{self.address} is in use by another run, which has ended this one")

    def read_driver(self) -> DriverState | None:
        """The state of the driver; None if the run has ended. Raises `StorageError`."""
        content = self._objects.read(self._driver_name)
        return None if content is None else DRIVER_STATE.validate_json(content)

    def dismiss(self) -> None:
        """Tell the workers of an earlier run, and its driver if it still lives, that it has ended."""
        for _ in range(_DISMISS_ATTEMPTS):
            found, state = self._objects.stat(self._driver_name), self.read_driver()
            if found is None or state is None:
                return
            if self._objects.replace(self._driver_name, DRIVER_STATE.dump_json(dismissing(state)), found.etag):
                return
        raise ResultsLockedError(f"{self.address} is in use by another run; wait for it")

    def write_worker(self, state: WorkerState) -> None:
        """Replace the state of a worker. Raises `StorageError`."""
        self._objects.write({self._state_name(state.name): WORKER_STATE.dump_json(state)})

    def _state_name(self, worker: str) -> str:
        return f"{self._below}/states/{worker}.json"

    def read_workers(self) -> dict[str, WorkerState]:
        """The states of all workers of the run, by name. Reads only those that have changed. Raises `StorageError`."""
        found = self._objects.list(f"{self._below}/states")
        changed = [name for name, one in found.items() if name not in self._states or self._states[name][0] != one]
        for name, content in self._objects.read_all(changed).items():
            with suppress(ValidationError):
                self._states[name] = (found[name], WORKER_STATE.validate_json(content))
        return {state.name: state for _, state in self._states.values()}

    def start(self, attempt: str, worker: str) -> str:
        """Record that `worker` starts this attempt at a job. Returns the worker that started it before, if any."""
        name, content = self._start_name(attempt), f"{worker}\n{secrets.token_hex(8)}".encode()
        if self._objects.create(name, content) is not None or self._objects.read(name) == content:
            return ""
        return self.worker_of(attempt) or "unknown"

    def worker_of(self, attempt: str) -> str:
        """The worker that recorded the start of this attempt; empty if none did. Raises `StorageError`."""
        content = self._objects.read(self._start_name(attempt)) or b""
        return content.decode().partition("\n")[0]

    def started_by(self, worker: str) -> list[str]:
        """The attempts that a worker has started. Raises `StorageError`."""
        new = self._objects.list(f"{self._below}/started").keys() - self._starts.keys()
        for name, content in self._objects.read_all(new).items():
            self._starts[name] = content.decode().partition("\n")[0]
        return [name.rpartition("/")[2] for name, starter in self._starts.items() if starter == worker]

    def _start_name(self, attempt: str) -> str:
        return f"{self._below}/started/{attempt}"

    def spent_by(self, worker: str, granted: Spending, *, has_ledger: bool) -> Spending:
        """The spending of a lost worker: all that it was granted, because its last calls may be missing in its ledger.

        Without a limit there is no amount that was granted. Then the calls count whose answers are stored.
        """
        ledger = self._objects.read_json(f"{self._below}/{worker}.spent.json")
        credits, calls = float(ledger.get("credits", 0.0)), int(ledger.get("calls", 0))
        return Spending(max(granted.credits, credits), max(granted.calls, calls))


def files_of_run(results: ResultsFolder, run_id: str) -> WorkerFiles:
    """The exchange of states of a run: objects if its results are in an object store."""
    bucket = attached_bucket(results)
    return WorkerFiles(results, run_id) if bucket is None else WorkerObjects(results, run_id, bucket.objects)


def earlier_runs(results: ResultsFolder) -> list[WorkerFiles]:
    """The exchanges of earlier runs that did not end. Raises `StorageError`."""
    bucket = attached_bucket(results)
    if bucket is None:
        return [WorkerFiles(results, path.parent.name) for path in results.workers.glob("*/driver.json")]
    run_ids = {name.split("/")[2] for name in bucket.objects.list(_WORKERS)}
    return [WorkerObjects(results, run_id, bucket.objects) for run_id in sorted(run_ids)]


def living(states: Collection[WorkerState]) -> list[WorkerState]:
    """The workers that have not ended, and whose processes are not known to be gone."""
    return [state for state in states if not state.has_ended and not _has_died(state)]


def _has_died(state: WorkerState) -> bool:
    """Whether a worker ran on this host, and its process exists no more."""
    if state.host != socket.gethostname():
        return False
    try:
        os.kill(state.pid, 0)
    except ProcessLookupError:
        return True
    except OSError:
        pass
    return False
