"""A results folder: where everything in it lies, and the lock that keeps a second run out.

results/book/
  audio/…            the files that were asked for
  text/…             what was heard, subtitles, and what else is text
  items.parquet      one row per manifest row, in manifest order
  words.parquet      when each word is said, where that was asked for; segments.parquet likewise
  metadata.csv       the finished files, as audio-folder loaders read them
  failures.csv       what did not finish; itself a manifest
  run.json           what was run, with which settings and versions
  answers/           every paid answer, by the hash of its question
  .voicemill/        the run's own notes: plan, parts, progress, lock
"""

import fcntl
import hashlib
import json
import os
import shutil
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, ClassVar

from voicemill.errors import ResultsLockedError
from voicemill.store import durable_files as durable

_SINCE = " since "


class ResultsFolder:
    """The places in a results folder."""

    PUBLISHED: ClassVar = ("items.parquet", "metadata.csv", "failures.csv", "run.json")
    """What readers load; their sums are kept when they are written."""
    TIMINGS: ClassVar = ("words.parquet", "segments.parquet")
    """Published as well, where a row has words."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.notes = path / ".voicemill"
        self.audio = path / "audio"
        self.outputs = (self.audio, path / "text")
        self.items = path / "items.parquet"
        self.words = path / "words.parquet"
        self.segments = path / "segments.parquet"
        self.metadata = path / "metadata.csv"
        self.failures = path / "failures.csv"
        self.run_file = path / "run.json"
        self.plan = self.notes / "plan.parquet"
        self.plan_facts = self.notes / "plan.json"
        self.control = self.notes / "control.json"
        self.progress = self.notes / "progress.json"
        self.written = self.notes / "written.log"
        self.sums = self.notes / "published.sha256"
        self.spent = self.notes / "spent.json"
        self.copied = self.notes / "copied.json"
        self.inputs = self.notes / "inputs"
        self.recordings = self.notes / "recordings.jsonl"
        self.parts = self.notes / "parts"
        self.damaged = self.notes / "damaged"

    def answers(self, elsewhere: str) -> Path:
        """The answer store: in the folder itself, or where the settings put it."""
        return Path(elsewhere).expanduser() if elsewhere else self.path / "answers"

    def create(self) -> None:
        """Make the folder. Raises `StorageError` where it cannot be made or written to."""
        durable.make_folder(self.notes)
        durable.write_file(self.notes / "writable")

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Hold the folder for one run; the lock ends with the process, however it ends.

        Raises `ResultsLockedError` that names the process which holds it.
        """
        durable.make_folder(self.notes)
        with durable.storage_errors(self.notes / "lock"):
            descriptor = durable.owner_only(self.notes / "lock", os.O_RDWR | os.O_CREAT | os.O_APPEND)
        with os.fdopen(descriptor, "a+", encoding="utf-8") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                lock.seek(0)
                holder = lock.read().strip() or "another process"
                raise ResultsLockedError(
                    f"{self.path} is in use by {holder}; wait for it, or choose another results folder with -o"
                ) from None
            lock.truncate(0)
            lock.write(f"{this_process()}{_SINCE}{datetime.now(UTC):%Y-%m-%d %H:%M} UTC")
            lock.flush()
            self.create()  # Not before: two runs that tried the folder at once would be in each other's way.
            yield

    def holder(self) -> str:
        """The process that holds the folder, or held it last, as `this_process` names it there."""
        try:
            return (self.notes / "lock").read_text(encoding="utf-8").partition(_SINCE)[0]
        except FileNotFoundError:
            return ""

    def is_locked(self) -> bool:
        """Whether a run works in this folder now."""
        try:
            with (self.notes / "lock").open("a", encoding="utf-8") as lock:
                fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except FileNotFoundError:
            return False
        except BlockingIOError:
            return True
        return False

    def earlier_tables(self) -> list[Path]:
        """Tables that tell of rows done before: the published one, and parts of a run that was cut short."""
        published = [self.items] if self.items.is_file() else []
        return [*published, *sorted(self.parts.glob("*/*.parquet"))]

    @property
    def is_cut_short(self) -> bool:
        """Whether the last run here did not come to publish its tables."""
        return self.parts.is_dir()

    def sweep(self) -> None:
        """Remove the partial files that a killed run left beside finished ones; to be called before any is written."""
        for partial in (found for folder in self.outputs for found in folder.rglob(durable.PARTIALS)):
            partial.unlink(missing_ok=True)

    @property
    def published(self) -> list[Path]:
        """The files that readers load, there or not; those of words only where they are there or once were."""
        told = self.published_sums()
        timings = [name for name in self.TIMINGS if name in told or (self.path / name).is_file()]
        return [self.path / name for name in (*self.PUBLISHED, *timings)]

    def is_as_published(self, path: Path) -> bool:
        """Whether a published file still has the bytes that it was published with."""
        return path.is_file() and self.published_sums().get(path.name) == _digest_of(path)

    def note_sums(self) -> None:
        """Write down the SHA-256 of each published file, in the form that `sha256sum --check` reads."""
        there = [path for path in self.published if path.name in self.PUBLISHED or path.is_file()]
        lines = "".join(f"{_digest_of(path)}  {path.name}\n" for path in there)
        if not self.sums.is_file() or self.sums.read_bytes() != lines.encode():
            durable.write_file(self.sums, lines.encode())

    def published_sums(self) -> dict[str, str]:
        """The SHA-256 of each published file by its name, as it was written down."""
        try:
            lines = self.sums.read_text(encoding="utf-8", errors="replace").splitlines()
        except FileNotFoundError:
            return {}
        return {name: digest for digest, _, name in (line.partition("  ") for line in lines)}

    def new_parts(self, run_id: str) -> Path:
        """An empty folder for the table parts of the run named `run_id`."""
        folder = self.parts / run_id
        durable.make_folder(folder)
        return folder

    def clear_parts(self) -> None:
        """Remove all parts; to be called when the published table tells the same."""
        shutil.rmtree(self.parts, ignore_errors=True)


def this_process() -> str:
    """A name for this process that no other has now."""
    return f"process {os.getpid()} on {socket.gethostname()}"


def _digest_of(path: Path) -> str:
    with durable.storage_errors(path), path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def write_json(path: Path, content: dict[str, Any]) -> None:
    """Write a small JSON file durably."""
    durable.write_file(path, json.dumps(content, indent=2, ensure_ascii=False, default=str).encode() + b"\n")


def read_json(path: Path) -> dict[str, Any] | None:
    """A JSON file's content, None where there is no such file or it is damaged."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return content if isinstance(content, dict) else None
