"""Jobs and their ends as files, for workers to which a runner has no connection.

.voicemill/workers/<run id>/
  <worker>.ready            written by the worker once it can take jobs
  <worker>.<attempt>.job    written by the driver
  <attempt>.end             written by the worker
"""

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

from voicemill.errors import StorageError
from voicemill.pipeline.distribution.job_lines import job_as_json
from voicemill.pipeline.distribution.worker_files import DRIVER_TIMEOUT_S, INTERVAL_S, WorkerFiles
from voicemill.pipeline.distribution.worker_threads import process_job_here
from voicemill.pipeline.jobs import ShardJob
from voicemill.store import durable_files as durable

JOBS_PER_WORKER = 2
"""The next shard starts while the last calls of the one before are in flight."""


class JobFiles:
    """The files of one worker; the driver and the worker each have an instance."""

    def __init__(self, files: WorkerFiles, worker: str) -> None:
        self._files, self._worker = files, worker
        self._ready = files.folder / f"{worker}.ready"

    @property
    def is_ready(self) -> bool:
        """Whether the worker takes jobs."""
        return self._ready.exists()

    def send(self, job: ShardJob) -> None:
        """Give the worker a job. Raises `StorageError`."""
        durable.replace_file(self._files.folder / f"{self._worker}.{job.attempt}.job", job_as_json(job))

    def end_of(self, job: ShardJob) -> str:
        """The end of a job as a JSON line; empty while it is in progress."""
        try:
            return self._end(job.attempt).read_text(encoding="utf-8")
        except OSError:
            return ""

    def _end(self, attempt: str) -> Path:
        return self._files.folder / f"{attempt}.end"

    def serve(self) -> None:
        """Process the jobs of this worker until its run ends, or its driver no longer responds."""
        if self._files.read_driver() is None:
            return
        durable.replace_file(self._ready, b"")
        with ThreadPoolExecutor(JOBS_PER_WORKER) as threads:
            for path in self._new_jobs():
                threads.submit(self._process, path)

    def _new_jobs(self) -> Iterator[Path]:
        known: set[Path] = set()
        beat, beat_at_s = -1, time.monotonic()
        while (driver := self._files.read_driver()) is not None and not driver.has_ended:
            if driver.beat != beat:
                beat, beat_at_s = driver.beat, time.monotonic()
            elif time.monotonic() - beat_at_s > DRIVER_TIMEOUT_S:
                return
            new = set(self._files.folder.glob(f"{self._worker}.*.job")) - known
            known |= new
            yield from sorted(new)
            time.sleep(INTERVAL_S)

    def _process(self, job: Path) -> None:
        end = process_job_here(job.read_text(encoding="utf-8"))
        with suppress(StorageError):  # The results folder is gone or full: the driver finds that out itself.
            durable.replace_file(self._end(job.suffixes[-2].removeprefix(".")), end.encode())
