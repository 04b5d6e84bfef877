"""The results of a run as its workers see them: the folder of the run, or copies of results in an object store."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Final

from voicemill.errors import ConfigError
from voicemill.pipeline.context import RunLost
from voicemill.pipeline.distribution.worker_files import WorkerFiles
from voicemill.pipeline.distribution.worker_objects import WorkerObjects
from voicemill.pipeline.jobs import ShardJob
from voicemill.store.bucket_results import attached_bucket
from voicemill.store.object_store import ObjectFolder
from voicemill.store.results_folder import ResultsFolder
from voicemill.store.tables.plan_table import PlanTable
from voicemill.store.worker_bucket import WorkerBucket, copy_of_worker, worker_copy

NOT_A_MEMBER: Final = "the run has ended, or goes on without this worker"


def files_of_worker(job: ShardJob, name: str) -> WorkerFiles:
    """The exchange of states of a worker with the driver of its run. Raises `StorageError` and `ConfigError`."""
    if not job.address:
        return WorkerFiles(ResultsFolder(job.results), job.run_id)
    return WorkerObjects(copy_of_worker(job.address, job.run_id, name), job.run_id, ObjectFolder(job.address))


@contextmanager
def local_results(name: str, job: ShardJob, files: WorkerFiles) -> Iterator[ResultsFolder]:
    """The results folder of the run, or a copy for this worker if the results are in an object store."""
    folder = ResultsFolder(files.results)
    if not job.address:
        yield folder
        return
    folder.create()
    bucket = WorkerBucket(folder, ObjectFolder(job.address), _Membership(name, files), files.ledger(name))
    with worker_copy(bucket, job.run_id):
        files.create()
        folder.new_parts(job.run_id)
        yield folder


class _Membership:
    """The right of a worker to write tables and files: that its run goes on with it."""

    def __init__(self, name: str, files: WorkerFiles) -> None:
        self._name, self._files = name, files

    def check(self) -> None:
        """Read the state of the driver. Raises `RunLost`, and `StorageError` if the store is out of reach."""
        driver = self._files.read_driver()
        if driver is None or self._name in driver.lost:
            raise RunLost(NOT_A_MEMBER)


def with_local_paths(job: ShardJob, files: WorkerFiles) -> ShardJob:
    """The job with the paths of this worker's copy of the results, if it has one."""
    if not job.address:
        return job
    retry, folder = job.shard.retry, files.results
    if retry is not None:
        retry = replace(retry, earlier_part=folder / retry.earlier_part)
    return replace(job, results=folder, shard=replace(job.shard, part=folder / job.shard.part, retry=retry))


def download_parts(folder: ResultsFolder, run_id: str) -> None:
    """Bring the parts that other workers of the run have stored into the copy of this worker. Raises `StorageError`."""
    bucket = attached_bucket(folder)
    if isinstance(bucket, WorkerBucket):
        bucket.download_parts(run_id)


def check_inputs(folder: ResultsFolder) -> None:
    """Check that no row uses a recording that was downloaded into this machine's copy of the results.

    Workers on other machines do not have it. Raises `ConfigError`.
    """
    if not folder.inputs.is_dir():
        return
    downloads, plan = folder.inputs.resolve(), PlanTable(folder.plan)
    for _, row in plan.rows(0, len(plan)):
        if any(Path(recording.path).resolve().is_relative_to(downloads) for recording in row.source.recordings):
            raise ConfigError(
                f"row {row.id!r} uses a recording that was downloaded to this machine, where workers on others cannot "
                "read it; use --runner local or process:N, or download it to a path that all machines have"
            )
