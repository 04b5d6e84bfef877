"""Whether a disk has room for what is to be written."""

import shutil
from pathlib import Path

from voicemill.store.durable import storage_errors


def missing_bytes(expected_bytes: int, folder: Path) -> int:
    """How much room is missing for `expected_bytes` in an existing `folder`; what it holds already counts as written.

    Raises `StorageError`.
    """
    with storage_errors(folder):
        missing = expected_bytes - shutil.disk_usage(folder).free
        if missing > 0:  # only then, for it takes a look at each file
            missing -= sum(path.lstat().st_size for path in folder.rglob("*"))
    return max(0, missing)
