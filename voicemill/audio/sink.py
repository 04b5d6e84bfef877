"""A file that FFmpeg writes to; it stores the first write error until the encoder can raise it."""

import os
from collections.abc import Callable
from typing import BinaryIO, TypeVar

T = TypeVar("T")


class Sink:
    """A seekable binary file that FFmpeg writes to through PyAV; it stays open.

    PyAV raises a write error only once. If FFmpeg goes on to write, for example the trailer of the abandoned file, the
    next error hides the cause, or a traceback appears on the terminal. So `write` and `seek` raise nothing: after the
    first error, and after `drop`, all content is discarded.
    """

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._error: Exception | None = None
        self._is_dropped = False
        self._position = self._end = 0

    def write(self, content: bytes) -> int:
        """Accept all of `content`, also after an error."""
        self._position += len(content)
        self._end = max(self._end, self._position)
        self._unless_dropped(self._file.write, content)
        return len(content)

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        """Move to a position and return it."""
        self._position = offset + {os.SEEK_SET: 0, os.SEEK_CUR: self._position, os.SEEK_END: self._end}[whence]
        self._unless_dropped(self._file.seek, self._position)
        return self._position

    def tell(self) -> int:
        """The position of the next write."""
        return self._position

    def drop(self) -> None:
        """Discard everything that is written from now on."""
        self._is_dropped = True

    def check(self) -> None:
        """Raise the first error of the file, if there was one."""
        if self._error is not None:
            raise self._error

    def _unless_dropped(self, do: Callable[[T], object], argument: T) -> None:
        if self._is_dropped:
            return
        try:
            do(argument)
        except Exception as error:
            self._error = error
            self._is_dropped = True
