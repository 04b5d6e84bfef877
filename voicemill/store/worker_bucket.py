"""The local copy in which a worker of a run processes shards, if the results are in an object store.

Each worker has a copy for itself, so workers need no common disk. Everything that the run or another worker needs is
stored: each answer before its call counts as answered, and the files of a shard when the shard ends, its part last.

A worker that was lost may store something late, after another one has processed its shard again. This does no harm:

- The first stored answer to a call stays, so both workers make the same files.
- A part is written only if it is as it was before this worker has made sure that the run goes on with it.
"""

import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from voicemill.errors import StorageError
from voicemill.store.bucket_results import AttachedBucket, WriteRight, registered, scratch_of
from voicemill.store.object_store import ObjectFolder, StoredObject
from voicemill.store.results_folder import ResultsFolder, write_json


class WorkerBucket(AttachedBucket):
    """The objects of the results for one worker. `ledger` is the record of its spending in its copy."""

    def __init__(self, folder: ResultsFolder, objects: ObjectFolder, right: WriteRight, ledger: Path) -> None:
        super().__init__(folder, objects, right)
        self._ledger = ledger

    def find(self, name: str) -> StoredObject | None:
        """An object that is in the store now; sends a request if it was not there when this worker started."""
        return self.get(name) or self.objects.stat(name)

    def pull_for_worker(self, run_id: str) -> None:
        """Download the plan, the tables and parts of earlier runs, and the log of written files."""
        self._list_log_again()
        own_parts = f"{self._name(self.folder.parts / run_id)}/"
        self._download([name for name in self.state_names() if not name.startswith(own_parts)])
        self._merge_log(())

    def download_parts(self, run_id: str) -> None:
        """Download the parts of this run that this copy does not have."""
        found = self.objects.list(self._name(self.folder.parts / run_id))
        self._stored |= found
        self._download([name for name in found if not (self.folder.path / name).is_file()])

    def store_ledger(self) -> None:
        """Store the spending of this worker."""
        self.objects.write({self._name(self._ledger): self._ledger.read_bytes()})

    def create(self, paths: Sequence[Path]) -> set[Path]:
        """Store files whose names are free, whether or not the run goes on with this worker. Returns the others."""
        names = {self._name(path): path for path in paths}
        taken = self.objects.create_all({name: path.read_bytes() for name, path in names.items()})
        return {names[name] for name in taken}

    def store_part(self, part: Path) -> None:
        """Store the part of a shard, after the tables that belong to it.

        Raises `StorageError` if another worker writes it now, and the error of `WriteRight.check`.
        """
        for path in (*sorted(part.parent.glob(f"*/{part.name}")), part):
            self._replace(self._name(path), path.read_bytes())

    def _replace(self, name: str, content: bytes) -> None:
        found = self.objects.stat(name)
        self.lease.check()  # After the request above: a worker that replaces this one changes the object later.
        etag = self.objects.create(name, content) if found is None else self.objects.replace(name, content, found.etag)
        if etag is None and self.objects.read(name) != content:  # A request that was repeated finds its own object.
            raise StorageError(f"{self.address}/{name} was written by another process; rerun the command to continue")


def copy_of_worker(address: str, run_id: str, worker: str) -> ResultsFolder:
    """The folder for the copy of a worker, on the machine of the worker."""
    return ResultsFolder(ResultsFolder(scratch_of(address)).workers / run_id / worker)


@contextmanager
def worker_copy(bucket: WorkerBucket, run_id: str) -> Iterator[None]:
    """Work in the copy of a worker while the block runs, then remove it. Raises `StorageError`."""
    folder = bucket.folder
    folder.create()
    try:
        write_json(folder.bucket, {"address": bucket.address})
        bucket.pull_for_worker(run_id)
        with registered(bucket):
            yield
    finally:
        shutil.rmtree(folder.path, ignore_errors=True)
