"""Claims on calls, so that the workers of a run do not send duplicate calls at the same time.

A claim is a record lock on one byte of a file: it costs microseconds and ends with the process, however that ends.
"""

import fcntl
import os
from pathlib import Path
from typing import Final

from voicemill.store import durable_files as durable

_PLACES: Final = 1 << 60


class CallClaims:
    """The claims of one process. A process may open the file only once: closing it would end all its claims."""

    def __init__(self, path: Path) -> None:
        with durable.storage_errors(path):
            self._file = durable.owner_only(path, os.O_RDWR | os.O_CREAT)

    def claim(self, key: str) -> bool:
        """Claim the call with this key; False while another process has claimed it."""
        try:
            fcntl.lockf(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, _place(key))
        except BlockingIOError:
            return False
        except OSError:  # A file system without locks: duplicate calls may be sent twice.
            return True
        return True

    def release(self, key: str) -> None:
        """End a claim."""
        try:
            fcntl.lockf(self._file, fcntl.LOCK_UN, 1, _place(key))
        except OSError:
            return

    def close(self) -> None:
        """End all claims."""
        os.close(self._file)


def _place(key: str) -> int:
    return int(key[:16], 16) % _PLACES
