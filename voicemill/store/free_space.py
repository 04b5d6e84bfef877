"""Whether a disk has room for what is to be written."""

import shutil
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

from voicemill.store.durable_files import storage_errors


class Load(NamedTuple):
    """What is to be written to a folder, there or not, and how much of that is written already, told when asked."""

    folder: Path
    expected_bytes: int
    written_bytes: Callable[[], int]


def by_disk(loads: Iterable[Load]) -> list[list[Load]]:
    """The loads that share a disk, together. Raises `StorageError`."""
    disks: dict[int, list[Load]] = defaultdict(list)
    for load in loads:
        with storage_errors(load.folder):
            disks[_there(load.folder).stat().st_dev].append(load)
    return list(disks.values())


def missing_bytes(loads: Sequence[Load]) -> int:
    """How much room is missing for loads that share a disk. Raises `StorageError`."""
    folder = loads[0].folder
    with storage_errors(folder):
        missing = sum(load.expected_bytes for load in loads) - shutil.disk_usage(_there(folder)).free
        for load in loads:
            if missing > 0:  # only then, for it takes a look at each file
                missing -= load.written_bytes()
    return max(0, missing)


def bytes_in(folder: Path) -> int:
    """The size of all files in a folder. Raises `StorageError`."""
    with storage_errors(folder):
        return sum(path.lstat().st_size for path in folder.rglob("*"))


def _there(folder: Path) -> Path:
    """The folder, or the nearest one above it that there is."""
    return next(path for path in (folder, *folder.absolute().parents) if path.is_dir())
