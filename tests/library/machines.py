"""Machines with empty disks that run one manifest, with results in one object store."""

import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import fsspec  # type: ignore[import-untyped]
import pytest

import voicemill
from tests.flows.results import write_manifest

ADDRESS = "s3://results/books/one"
ROWS = [{"id": name, "text": f"Row {name}."} for name in "abcd"]
_KILLED_RUN = """
import os, sys, voicemill
from voicemill.store.object_store import ObjectFolder
upload, left = ObjectFolder.upload, [int(sys.argv[2])]
def killed(folder, files):
    upload(folder, files)
    left[0] -= any(name.startswith(sys.argv[3]) for name in files)
    if not left[0]:
        os.kill(os.getpid(), 9)
ObjectFolder.upload = killed
voicemill.run(sys.argv[1], "s3://results/books/one", max_concurrency=1)
"""


class Machines:
    """Machines with empty disks that run one manifest with results in the same place."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self._folder, self._monkeypatch, self._count = folder, monkeypatch, 0
        self.manifest = write_manifest(folder / "book.csv", ROWS)
        self.store = fsspec.filesystem("s3", skip_instance_cache=True, use_listings_cache=False)
        self.store.makedirs("results", exist_ok=True)
        if self.store.exists(ADDRESS):
            self.store.rm(ADDRESS, recursive=True)
        self.replace()

    def replace(self) -> None:
        """Continue on a machine with an empty disk."""
        self._count += 1
        self._monkeypatch.setenv("VOICEMILL_SCRATCH", str(self._folder / f"machine{self._count}"))

    def run(self, **options: Any) -> voicemill.RunResult:
        """Run the manifest."""
        return voicemill.run(self.manifest, ADDRESS, **options)

    def kill_after(self, uploads: int, of: str) -> None:
        """Run the manifest in another process, which is killed after so many uploads of names that start with `of`."""
        command = [sys.executable, "-c", _KILLED_RUN, str(self.manifest), str(uploads), of]
        assert subprocess.run(command, check=False, capture_output=True).returncode == -9

    def stored(self) -> dict[str, bytes]:
        """The content of every object, by name."""
        start = len("results/books/one/")
        return {name[start:]: self.store.cat_file(name) for name in self.store.find(ADDRESS)}

    def store_only(self, objects: dict[str, bytes]) -> None:
        """Replace all objects by these."""
        self.store.rm(ADDRESS, recursive=True)
        for name, content in objects.items():
            self.store.pipe_file(f"{ADDRESS}/{name}", content)

    def download(self) -> Path:
        """All objects in a new folder."""
        folder = self._folder / "downloaded"
        shutil.rmtree(folder, ignore_errors=True)
        self.store.get(ADDRESS, str(folder), recursive=True)
        return folder
