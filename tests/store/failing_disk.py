"""A disk that fails on demand: the n-th writing system call raises an error."""

import errno
import os
import stat
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any
from unittest import mock

ERRORS = (errno.ENOSPC, errno.EIO, errno.EROFS, errno.EDQUOT, errno.EACCES)
_CALLS = ("open", "write", "writev", "fsync", "replace", "mkdir")
_REAL = {name: getattr(os, name) for name in _CALLS}


@contextmanager
def failing_disk(nth: int, error: int, calls: tuple[str, ...] = _CALLS) -> Iterator[list[str]]:
    """Make the `nth` of the named system calls fail once with `error`; yields the names of the calls made.

    Threads that exist already, for example of an earlier test's server, are not affected.
    """
    made: list[str] = []
    others = {thread.ident for thread in threading.enumerate()} - {threading.get_ident()}

    def failing(name: str) -> Callable[..., Any]:
        def call(*arguments: Any, **options: Any) -> Any:
            if threading.get_ident() in others:
                return _REAL[name](*arguments, **options)
            made.append(name)
            if len(made) == nth:
                raise OSError(error, os.strerror(error))
            return _REAL[name](*arguments, **options)

        return call

    with ExitStack() as patches:
        for name in calls:
            patches.enter_context(mock.patch.object(os, name, failing(name)))
        yield made


@contextmanager
def recorded_disk() -> Iterator[list[str]]:
    """Record the calls made, each with whether it concerned a file or a folder."""
    done: list[str] = []

    def fsync(descriptor: int) -> None:
        kind = "folder" if stat.S_ISDIR(os.fstat(descriptor).st_mode) else "file"
        _REAL["fsync"](descriptor)
        done.append(f"fsync {kind}")

    def replace(source: Any, target: Any) -> None:
        _REAL["replace"](source, target)
        done.append("rename")

    def writev(descriptor: int, chunks: Any) -> int:
        done.append("write")
        return int(_REAL["writev"](descriptor, chunks))

    with mock.patch.multiple(os, fsync=fsync, replace=replace, writev=writev):
        yield done
