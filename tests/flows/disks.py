"""Disks that run full or fail."""

import errno
import itertools
import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from voicemill.store import durable_files as durable

_FAILING = ("before fsync", "before rename")


@contextmanager
def small_disk(place: Path, *, megabytes: int, options: str = "rw") -> Iterator[Path]:
    """An in-memory file system mounted at `place`. Skips the test if mounting is not permitted."""
    place.mkdir()
    if os.geteuid() or _mount("-t", "tmpfs", "-o", f"size={megabytes}m,{options}", "tmpfs", place):
        pytest.skip("mounting a disk requires root")
    try:
        yield place
    finally:
        # Lazily: child processes of a run may exit, and close their files on this disk, a moment after the run.
        subprocess.run(["umount", "--lazy", place], check=True)


def enlarge(place: Path, *, megabytes: int) -> None:
    """Enlarge the disk, which frees space."""
    assert _mount("-o", f"remount,size={megabytes}m", place) == 0


@contextmanager
def disk_that_fails_after(writes: int) -> Iterator[None]:
    """Make every durable write of this process fail after `writes` successful fsyncs and renames."""
    succeeded = itertools.count()

    def fail(name: str) -> None:
        if name in _FAILING and next(succeeded) >= writes:
            raise OSError(errno.ENOSPC, "no space left on device")

    durable.set_fault_hook(fail)
    try:
        yield
    finally:
        durable.set_fault_hook(durable.no_fault)


def _mount(*arguments: str | Path) -> int:
    return subprocess.run(["mount", *arguments], capture_output=True, check=False).returncode
