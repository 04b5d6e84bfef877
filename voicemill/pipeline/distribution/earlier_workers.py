"""End the workers that a killed run has left behind, and add their spending to that of the folder."""

import asyncio
import time
from dataclasses import replace
from typing import Final

from voicemill.errors import ResultsLockedError
from voicemill.pipeline.distribution.worker_files import DRIVER_TIMEOUT_S, WorkerFiles, has_workers, spent_by_lost_runs
from voicemill.store.results_folder import ResultsFolder
from voicemill.store.spend_ledger import Ledger

_LONGEST_WAIT_S: Final = DRIVER_TIMEOUT_S + 60
_INTERVAL_S: Final = 0.1


async def end_earlier_workers(folder: ResultsFolder, ledger: Ledger) -> None:
    """End the workers of an earlier run, and add their spending to the folder's. Call it while the folder is locked.

    Raises `ResultsLockedError` if a worker does not end in time, and `StorageError`.
    """
    if not folder.workers.is_dir():
        return
    runs = [path.parent.name for path in folder.workers.glob("*/driver.json")]
    for run_id in runs:
        _dismiss(WorkerFiles(folder, run_id))
    await _wait_until_ended(folder)
    spent, before = spent_by_lost_runs(folder), ledger.read()
    ledger.write(max(spent.credits, before[0]), max(spent.calls, before[1]))
    ledger.sync()
    for run_id in runs:
        WorkerFiles(folder, run_id).remove()


def _dismiss(files: WorkerFiles) -> None:
    state = files.read_driver()
    if state is not None:
        files.write_driver(replace(state, beat=state.beat + 1, lost=tuple(state.grants)))


async def _wait_until_ended(folder: ResultsFolder) -> None:
    end_s = time.monotonic() + _LONGEST_WAIT_S
    while has_workers(folder):
        if time.monotonic() > end_s:
            raise ResultsLockedError(
                f"{folder.path} is in use by workers of an earlier run that do not end; end them, or choose another "
                "results folder with -o"
            )
        await asyncio.sleep(_INTERVAL_S)
