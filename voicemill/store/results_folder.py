"""A results folder: the paths of its files, and the lock that excludes a second run.

results/book/
  audio/…            the audio files
  text/…             transcripts, subtitles and other texts
  items.parquet      one row per manifest row, in manifest order
  words.parquet      word timestamps, if requested; segments.parquet likewise
  passages.parquet   the checked passages of generated speech, with verdicts
  metadata.csv       the finished files, for audio-folder loaders
  failures.csv       the unfinished rows; itself a manifest
  run.json           the manifest, settings and versions of the run
  report.html        the report, which opens from disk
  answers/           every billed answer, by the key of its call
  .voicemill/        internal files: plan, parts, progress, lock
"""

import fcntl
import json
import os
import shutil
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from os import PathLike
from pathlib import Path
from typing import Any, ClassVar

from voicemill.errors import ConfigError, ResultsLockedError
from voicemill.store import durable_files as durable
from voicemill.store.object_store import object_address

_SINCE = " since "


class ResultsFolder:
    """The paths in a results folder."""

    PUBLISHED: ClassVar = ("items.parquet", "metadata.csv", "failures.csv", "run.json")
    """The tables for users; their SHA-256 sums are recorded when they are published."""
    TIMINGS: ClassVar = ("words.parquet", "segments.parquet", "passages.parquet")
    """Published as well if a row has words or checked passages."""
    REPORT: ClassVar = "report.html"
    """Published as well, after the tables."""

    def __init__(self, path: Path) -> None:
        if address := object_address(path):
            raise ConfigError(
                f"{address} is in an object store, and this command needs a folder on a disk; read the tables and "
                f"report.html there directly, or download it first, for example: aws s3 sync {address} FOLDER"
            )
        self.path = path
        self.notes = path / ".voicemill"
        self.audio = path / "audio"
        self.outputs = (self.audio, path / "text")
        self.items = path / "items.parquet"
        self.words = path / "words.parquet"
        self.segments = path / "segments.parquet"
        self.passages = path / "passages.parquet"
        self.metadata = path / "metadata.csv"
        self.failures = path / "failures.csv"
        self.run_file = path / "run.json"
        self.report = path / self.REPORT
        self.plan = self.notes / "plan.parquet"
        self.plan_facts = self.notes / "plan.json"
        self.control = self.notes / "control.json"
        self.progress = self.notes / "progress.json"
        self.written = self.notes / "written.log"
        self.sums = self.notes / "published.sha256"
        self.table_plan = self.notes / "table_plan.json"
        self.events = self.notes / "events.jsonl"
        self.changes = self.notes / "changes.json"
        self.spent = self.notes / "spent.json"
        self.bucket = self.notes / "bucket.json"
        self.copied = self.notes / "copied.json"
        self.inputs = self.notes / "inputs"
        self.regenerated = self.notes / "regenerated.jsonl"
        self.verdicts = self.notes / "verdicts.jsonl"
        self.recordings = self.notes / "recordings.jsonl"
        self.parts = self.notes / "parts"
        self.workers = self.notes / "workers"
        self.damaged = self.notes / "damaged"

    def answers(self, elsewhere: str) -> Path:
        """The folder of answers: in this folder, or the one that the settings name."""
        return Path(elsewhere).expanduser() if elsewhere else self.path / "answers"

    def create(self) -> None:
        """Create the folder. Raises `StorageError` if it cannot be created or written."""
        durable.make_folder(self.notes)
        durable.write_file(self.notes / "writable")

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Lock the folder for one run; the lock ends with the process, however that ends.

        Raises `ResultsLockedError` with the name of the process that holds it.
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
            self.create()  # only now: two runs that start at the same time would disturb each other
            yield

    def holder(self) -> str:
        """The process that holds the folder, or held it last, as named by `this_process`."""
        try:
            return (self.notes / "lock").read_text(encoding="utf-8").partition(_SINCE)[0]
        except FileNotFoundError:
            return ""

    def is_locked(self) -> bool:
        """Whether a run uses this folder now."""
        try:
            with (self.notes / "lock").open("a", encoding="utf-8") as lock:
                fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except FileNotFoundError:
            return False
        except BlockingIOError:
            return True
        return False

    def earlier_tables(self) -> list[Path]:
        """The tables of earlier runs: the published one, and the parts of an interrupted run."""
        published = [self.items] if self.items.is_file() else []
        return [*published, *sorted(self.parts.glob("*/*.parquet"))]

    @property
    def was_interrupted(self) -> bool:
        """Whether the last run ended before it published its tables."""
        return self.parts.is_dir()

    def remove_progress(self) -> None:
        """Remove the progress of an earlier run; call it when a run starts. Raises `StorageError`."""
        with durable.storage_errors(self.progress):
            self.progress.unlink(missing_ok=True)

    def remove_partials(self) -> None:
        """Remove the partial output files of a killed run; call it before any output is written."""
        for partial in (found for folder in self.outputs for found in folder.rglob(durable.PARTIALS)):
            partial.unlink(missing_ok=True)

    @property
    def published(self) -> list[Path]:
        """The published files, whether they exist or not; timings and report only if they exist or were published."""
        sums = self.published_sums()
        more = [name for name in (*self.TIMINGS, self.REPORT) if name in sums or (self.path / name).is_file()]
        return [self.path / name for name in (*self.PUBLISHED, *more)]

    def is_as_published(self, path: Path) -> bool:
        """Whether a published file is unchanged. Raises `StorageError`."""
        with durable.storage_errors(path):
            return path.is_file() and self.published_sums().get(path.name) == durable.sha256_of(path)

    def record_sums(self) -> None:
        """Record the SHA-256 of each published file, in the format of `sha256sum --check`."""
        there = [path for path in self.published if path.name in self.PUBLISHED or path.is_file()]
        with durable.storage_errors(self.sums):
            self._write_sums({path.name: durable.sha256_of(path) for path in there})

    def record_sum(self, path: Path) -> None:
        """Record the SHA-256 of one published file that was written after the others. Raises `StorageError`."""
        with durable.storage_errors(self.sums):
            self._write_sums(self.published_sums() | {path.name: durable.sha256_of(path)})

    def _write_sums(self, sums: dict[str, str]) -> None:
        lines = "".join(f"{digest}  {name}\n" for name, digest in sums.items()).encode()
        if not self.sums.is_file() or self.sums.read_bytes() != lines:
            durable.write_file(self.sums, lines)

    def published_sums(self) -> dict[str, str]:
        """The recorded SHA-256 of each published file by its name."""
        try:
            lines = self.sums.read_text(encoding="utf-8", errors="replace").splitlines()
        except FileNotFoundError:
            return {}
        return {name: digest for digest, _, name in (line.partition("  ") for line in lines)}

    def new_parts(self, run_id: str) -> Path:
        """Create the folder for the table parts of the run `run_id`."""
        folder = self.parts / run_id
        durable.make_folder(folder)
        return folder

    def clear_parts(self) -> None:
        """Remove all parts; call it when their rows are in the published table."""
        shutil.rmtree(self.parts, ignore_errors=True)


def this_process() -> str:
    """A unique name for this process."""
    return f"process {os.getpid()} on {socket.gethostname()}"


def write_json(path: Path, content: dict[str, Any]) -> None:
    """Write a small JSON file durably."""
    durable.write_file(path, json.dumps(content, indent=2, ensure_ascii=False, default=str).encode() + b"\n")


def read_json(path: Path) -> dict[str, Any] | None:
    """The content of a JSON file, None if it is missing or damaged."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return content if isinstance(content, dict) else None


def folder_of_run(results: str | PathLike[str]) -> ResultsFolder:
    """The results folder of an earlier run. Raises `ConfigError` if there was none."""
    folder = ResultsFolder(Path(results))
    if not folder.notes.is_dir():
        raise ConfigError(f"{results} is not a results folder; give the folder that a run was started with (-o)")
    return folder
