"""End the workers that a killed run has left behind, and add their spending to that of the folder."""

import asyncio
import time
from collections.abc import Sequence
from typing import Final

from voicemill.errors import ResultsLockedError
from voicemill.limits.budget import Spending
from voicemill.pipeline.distribution.worker_files import DRIVER_TIMEOUT_S, WorkerFiles, WorkerState, has_workers
from voicemill.pipeline.distribution.worker_objects import earlier_runs, living
from voicemill.store.bucket_results import AttachedBucket, attached_bucket
from voicemill.store.results_folder import ResultsFolder
from voicemill.store.spend_ledger import Ledger

_LONGEST_WAIT_S: Final = DRIVER_TIMEOUT_S + 60
_INTERVAL_S: Final = 0.1
_STORE_MARGIN_S: Final = 2.0
"""How much later than its time limit the last request of a worker may reach an object store."""


async def end_earlier_workers(folder: ResultsFolder, ledger: Ledger) -> None:
    """End the workers of an earlier run, and add their spending to the folder's. Call it while the folder is locked.

    Raises `ResultsLockedError` if a worker does not end in time, and `StorageError`.
    """
    bucket = attached_bucket(folder)
    if bucket is None and not folder.workers.is_dir():
        return
    runs = await asyncio.to_thread(earlier_runs, folder)
    for files in runs:
        await asyncio.to_thread(files.dismiss)
    await (_wait_until_ended(folder) if bucket is None else _wait_in_store(runs))
    spent, before = await asyncio.to_thread(spent_by_lost_runs, runs), ledger.read()
    ledger.write(max(spent.credits, before[0]), max(spent.calls, before[1]))
    ledger.sync()
    if bucket is not None and runs:
        await asyncio.to_thread(_take_in, bucket)
    for files in runs:
        await asyncio.to_thread(files.remove)


def _take_in(bucket: AttachedBucket) -> None:
    """Store the spending, and take in what the workers have stored since this run has listed the objects."""
    bucket.upload([bucket.folder.spent])
    bucket.take_in_workers()


async def _wait_until_ended(folder: ResultsFolder) -> None:
    end_s = time.monotonic() + _LONGEST_WAIT_S
    while has_workers(folder):
        if time.monotonic() > end_s:
            raise ResultsLockedError(
                f"{folder.path} is in use by workers of an earlier run that do not end; end them, or choose another "
                "results folder with -o"
            )
        await asyncio.sleep(_INTERVAL_S)


async def _wait_in_store(runs: Sequence[WorkerFiles]) -> None:
    """Wait until all workers have ended, or for their time limit: after that they make no call and write no table."""
    end_s = time.monotonic() + DRIVER_TIMEOUT_S + _STORE_MARGIN_S
    while time.monotonic() < end_s:
        states = [await asyncio.to_thread(files.read_workers) for files in runs]
        if not any(living(each.values()) for each in states):
            return
        await asyncio.sleep(_INTERVAL_S + max(files.interval_s for files in runs))


def spent_by_lost_runs(runs: Sequence[WorkerFiles]) -> Spending:
    """The spending up to the end of the last run, if its driver ended before it added up that of its workers."""
    most = Spending()
    for files in runs:
        state = files.read_driver()
        if state is not None:
            workers = files.read_workers()
            sums = [
                _spent_by(files, worker, state.most_spent.get(worker, grant.budget), workers.get(worker))
                for worker, grant in state.grants.items()
            ]
            credits = state.spent_before[0] + sum(each.credits for each in sums)
            calls = state.spent_before[1] + sum(each.calls for each in sums)
            most = Spending(max(most.credits, credits), max(most.calls, calls))
    return most


def _spent_by(files: WorkerFiles, worker: str, most: Spending, state: WorkerState | None) -> Spending:
    if state is not None and state.has_ended:
        return Spending(state.credits, state.calls)
    if state is not None:
        most = Spending(max(most.credits, state.credits), max(most.calls, state.calls))
    return files.spent_by(worker, most, has_ledger=True)
