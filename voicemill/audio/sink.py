"""The file below an encoder, whose first error is kept until the encoder can tell it."""

import os
from collections.abc import Callable
from typing import BinaryIO, TypeVar

T = TypeVar("T")


class Sink:
    """A seekable binary file that FFmpeg writes to through PyAV; it stays open.

    PyAV tells an error of a write once. What FFmpeg writes after it, up to the trailer of the file that is given up,
    ends in an error that no longer says what was wrong, or in a traceback on the terminal. So nothing is raised into
    it: after the first error, and after `drop`, what comes is thrown away.
    """

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._error: Exception | None = None
        self._is_dropped = False
        self._position = self._end = 0

    def write(self, content: bytes) -> int:
        """Take all of `content`, whether or not it can be kept."""
        self._position += len(content)
        self._end = max(self._end, self._position)
        self._unless_dropped(self._file.write, content)
        return len(content)

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        """Go to a place; returns it."""
        self._position = offset + {os.SEEK_SET: 0, os.SEEK_CUR: self._position, os.SEEK_END: self._end}[whence]
        self._unless_dropped(self._file.seek, self._position)
        return self._position

    def tell(self) -> int:
        """Where the next write goes."""
        return self._position

    def drop(self) -> None:
        """Throw away whatever comes from now on."""
        self._is_dropped = True

    def check(self) -> None:
        """Raise the first error that the file had, as it was."""
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
