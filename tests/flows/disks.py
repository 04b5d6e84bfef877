"""Small disks of their own, to be filled."""

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest


@contextmanager
def small_disk(place: Path, *, megabytes: int, options: str = "rw") -> Iterator[Path]:
    """A file system in memory at `place`; the test is skipped where none can be mounted."""
    place.mkdir()
    if os.geteuid() or _mount("-t", "tmpfs", "-o", f"size={megabytes}m,{options}", "tmpfs", place):
        pytest.skip("only root can mount a disk")
    try:
        yield place
    finally:
        subprocess.run(["umount", place], check=True)


def enlarge(place: Path, *, megabytes: int) -> None:
    """Free some space."""
    assert _mount("-o", f"remount,size={megabytes}m", place) == 0


def _mount(*arguments: str | Path) -> int:
    return subprocess.run(["mount", *arguments], capture_output=True, check=False).returncode
