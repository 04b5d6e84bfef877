"""The spending of a results folder, in a small file that is rewritten in place before each call.

A crash of the process loses nothing, because the kernel holds the written page. A power cut loses the changes since the
last `sync`. Neither leaves a torn file: the size of the file is fixed, and one small write is atomic.
"""

import json
import os
from pathlib import Path

from voicemill.errors import StorageError
from voicemill.store import durable_files as durable

_BYTES = 64


class Ledger:
    """Credits and calls of all runs in one results folder. Open it while the folder is locked."""

    def __init__(self, path: Path) -> None:
        self._path = path
        with durable.storage_errors(path):
            self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, durable.FILE_MODE)
        if self._is_blank():
            self.write(0.0, 0)
            self.sync()
            durable.sync_folder(path.parent)

    def _is_blank(self) -> bool:
        """Whether the file is new, or a power cut left a size without content."""
        with durable.storage_errors(self._path):
            return not os.pread(self._file, _BYTES, 0).strip(b"\0")

    def read(self) -> tuple[float, int]:
        """Credits and calls so far. Raises `StorageError` if the file is damaged."""
        with durable.storage_errors(self._path):
            content = os.pread(self._file, _BYTES, 0)
        try:
            sums = json.loads(content)
            return float(sums["credits"]), int(sums["calls"])
        except (ValueError, KeyError, TypeError):
            raise StorageError(
                f"{self._path} is damaged, so earlier spending is unknown; remove it to count from 0"
            ) from None

    def write(self, credits: float, calls: int) -> None:
        """Replace the sums. Raises `StorageError`."""
        line = f'{{"credits": {credits:.2f}, "calls": {calls}}}'.ljust(_BYTES - 1).encode() + b"\n"
        try:
            os.pwrite(self._file, line, 0)
        except OSError:
            with durable.storage_errors(self._path):
                raise

    def sync(self) -> None:
        """Make the sums survive a power cut. Raises `StorageError`."""
        with durable.storage_errors(self._path):
            os.fsync(self._file)

    def close(self) -> None:
        """Close the file."""
        os.close(self._file)
