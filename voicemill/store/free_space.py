"""Check whether a disk has space for the files that a run will write."""

import shutil
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

from voicemill.store.durable_files import storage_errors


class Load(NamedTuple):
    """The bytes that will be written to a folder, which may not exist, and a function for those already written."""

    folder: Path
    expected_bytes: int
    written_bytes: Callable[[], int]


def by_disk(loads: Iterable[Load]) -> list[list[Load]]:
    """The loads, grouped by disk. Raises `StorageError`."""
    disks: dict[int, list[Load]] = defaultdict(list)
    for load in loads:
        with storage_errors(load.folder):
            disks[_existing(load.folder).stat().st_dev].append(load)
    return list(disks.values())


def missing_bytes(loads: Sequence[Load]) -> int:
    """The missing disk space in bytes for loads on one disk. Raises `StorageError`."""
    folder = loads[0].folder
    with storage_errors(folder):
        missing = sum(load.expected_bytes for load in loads) - shutil.disk_usage(_existing(folder)).free
        for load in loads:
            if missing > 0:  # only then, because it examines every file
                missing -= load.written_bytes()
    return max(0, missing)


def bytes_in(folder: Path) -> int:
    """The size of all files in a folder. Raises `StorageError`."""
    with storage_errors(folder):
        return sum(path.lstat().st_size for path in folder.rglob("*"))


def _existing(folder: Path) -> Path:
    """The folder, or its nearest parent that exists."""
    return next(path for path in (folder, *folder.absolute().parents) if path.is_dir())
