"""Disks that fill up and fail."""

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
    """A file system in memory at `place`; the test is skipped where none can be mounted."""
    place.mkdir()
    if os.geteuid() or _mount("-t", "tmpfs", "-o", f"size={megabytes}m,{options}", "tmpfs", place):
        pytest.skip("only root can mount a disk")
    try:
        yield place
    finally:
        # Lazily: what a run has started may need a moment to see that the run has ended, and ends on this disk.
        subprocess.run(["umount", "--lazy", place], check=True)


def enlarge(place: Path, *, megabytes: int) -> None:
    """Free some space."""
    assert _mount("-o", f"remount,size={megabytes}m", place) == 0


@contextmanager
def disk_that_fails_after(writes: int) -> Iterator[None]:
    """Let every durable write of this process fail once `writes` fsyncs and renames have gone well."""
    passed = itertools.count()

    def fail(name: str) -> None:
        if name in _FAILING and next(passed) >= writes:
            raise OSError(errno.ENOSPC, "no space left on device")

    durable.set_fault_hook(fail)
    try:
        yield
    finally:
        durable.set_fault_hook(durable.no_fault)


def _mount(*arguments: str | Path) -> int:
    return subprocess.run(["mount", *arguments], capture_output=True, check=False).returncode
