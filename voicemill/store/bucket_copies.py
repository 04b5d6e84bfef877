"""Results of an earlier run for commands that work on a folder, also if they are in an object store.

A command then works on the local copy of the results, under their lease, and stores what it has changed.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from os import PathLike
from pathlib import Path

from voicemill.errors import ConfigError
from voicemill.store.bucket_answers import BucketAnswers
from voicemill.store.bucket_results import AttachedBucket, attached, attached_bucket
from voicemill.store.object_store import object_address
from voicemill.store.results_folder import ResultsFolder, folder_of_run


@contextmanager
def opened_run(results: str | PathLike[str], *, files: bool = False) -> Iterator[ResultsFolder]:
    """The results folder of an earlier run, or the local copy of results at an address.

    The copy has the tables; with `files`, it also has every answer and output file, and no others.

    Raises `ConfigError` if there was no run, `ResultsLockedError` if another process works on the results at the
    address, and `StorageError`.
    """
    address = object_address(results)
    if not address:
        yield folder_of_run(results)
        return
    with attached(address) as bucket:
        if not bucket.has_results:
            raise ConfigError(f"{address} holds no results; give the address that a run was started with (-o)")
        if files:
            _download_files(bucket)
        yield bucket.folder
        bucket.store_changes()


def place_of(folder: ResultsFolder) -> str:
    """Where results are, for messages: their address, or the path of their folder."""
    bucket = attached_bucket(folder)
    return str(folder.path) if bucket is None else bucket.address


def delete_files_set_aside(folder: ResultsFolder) -> None:
    """Delete stored files that are missing in the local copy, so that a run makes them again. Raises `StorageError`."""
    bucket = attached_bucket(folder)
    if bucket is not None:
        bucket.delete([name for name in _file_names(bucket) if not (folder.path / name).exists()])


def _download_files(bucket: AttachedBucket) -> None:
    """Make the answers and output files of the local copy equal to the stored ones."""
    BucketAnswers(bucket).open()  # stores answers that only a killed run on this machine has
    bucket.list_again()
    names = _file_names(bucket)
    bucket.download_changed(names)
    for path in _local_files(bucket.folder):
        if path.relative_to(bucket.folder.path).as_posix() not in names:
            path.unlink()


def _file_names(bucket: AttachedBucket) -> set[str]:
    below = (folder.name for folder in (*bucket.folder.outputs, bucket.folder.answers("")))
    return {name for each in below for name in bucket.names(each)}


def _local_files(folder: ResultsFolder) -> list[Path]:
    found = (each.rglob("*") for each in (*folder.outputs, folder.answers("")))
    return [path for paths in found for path in paths if not path.is_dir()]
