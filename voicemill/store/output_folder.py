"""The output files: written completely, never through a link, and never over a file that voicemill did not write."""

import hashlib
import os
import stat
import threading
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

from voicemill.errors import StorageError, VoicemillError
from voicemill.store import durable_files as durable


class OutputRefused(VoicemillError):
    """The file of a row cannot be written: another file has its name, or the format does not support it."""

    def __init__(self, message: str, code: str) -> None:
        super().__init__(message)
        self.code = code


@dataclass(frozen=True, slots=True)
class Delivered:
    """A file that is written to its place."""

    sha256: str
    size_bytes: int


@dataclass(frozen=True, slots=True)
class WholeFile:
    """A small file to write: its name below the results folder, its content, and the SHA-256 of that."""

    name: str
    content: bytes = field(repr=False)
    sha256: str


class OutputFolder:
    """Delivers files to a results folder. Thread-safe.

    The log `written` records the hash of each file before the file gets its name. When a row changes, files of earlier
    runs can therefore be replaced, and files that voicemill did not write are kept.
    """

    def __init__(self, results: Path, written: Path) -> None:
        self.folder = results
        self._written = written
        self._made: set[Path] = set()
        self._known: set[int] | None = None
        self._known_bytes = 0
        self._unsynced: set[Path] = set()
        self._has_durable_name = False
        self._lock = threading.Lock()
        self._syncing = threading.Lock()

    def size_of(self, file_name: str) -> int | None:
        """The size of a delivered file in bytes, None if there is no regular file of that name."""
        try:
            found = os.lstat(self.folder / file_name)
        except OSError:
            return None
        return found.st_size if stat.S_ISREG(found.st_mode) else None

    def is_unchanged(self, file_name: str, sha256: str, recorded_at_ns: int) -> bool:
        """Whether a file still has the hash of a table written at `recorded_at_ns`; only newer files are read."""
        target = self.folder / file_name
        try:
            return os.lstat(target).st_mtime_ns <= recorded_at_ns or durable.sha256_of(target) == sha256
        except OSError:
            return False

    def is_as_recorded(self, file_name: str, size_bytes: int, sha256: str, recorded_at_ns: int) -> bool:
        """Whether a file has the size and hash of a table written at `recorded_at_ns`; only newer files are read."""
        target = self.folder / file_name
        try:
            found = os.lstat(target)
            if not stat.S_ISREG(found.st_mode) or found.st_size != size_bytes:
                return False
            return found.st_mtime_ns <= recorded_at_ns or durable.sha256_of(target) == sha256
        except OSError:
            return False

    def local_path(self, file_name: str) -> Path:
        """The absolute path of a delivered file on this machine. Raises `StorageError`."""
        return (self.folder / file_name).absolute()

    @contextmanager
    def new(self, file_name: str) -> Iterator[tuple[BinaryIO, Path]]:
        """An empty partial file beside the place of `file_name`; pass it to `deliver` when it is written."""
        with durable.open_partial(self._place(file_name)) as opened:
            yield opened

    def deliver_bytes(self, file_name: str, content: bytes) -> Delivered:
        """Write `content` to its place."""
        [delivered] = self.deliver_all([WholeFile(file_name, content, hashlib.sha256(content).hexdigest())])
        if isinstance(delivered, OutputRefused):
            raise delivered
        return delivered

    def deliver_all(self, files: Sequence[WholeFile]) -> list[Delivered | OutputRefused]:
        """Write files to their places; many take little longer than one. Raises `StorageError`."""
        free: list[WholeFile] = []
        outcomes = [self._check_target(file, free) for file in files]
        self._record([f"{file.sha256}  {file.name}" for file in free])
        durable.write_together([(self.folder / file.name, file.content) for file in free])
        self._add_unsynced((self.folder / file.name).parent for file in free)
        return outcomes

    def _check_target(self, file: WholeFile, free: list[WholeFile]) -> Delivered | OutputRefused:
        """The outcome for a file; a file that must be written is added to `free`."""
        delivered = Delivered(file.sha256, len(file.content))
        try:
            target = self._place(file.name)
            with durable.storage_errors(target):
                free += [file] * self._is_free(target, file.name, delivered)
        except OutputRefused as refused:
            return refused
        return delivered

    def deliver(self, partial: Path, file_name: str) -> Delivered:
        """Move a written partial file to its place."""
        with durable.storage_errors(partial), partial.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
            size_bytes = os.fstat(file.fileno()).st_size
        return self._deliver(partial, file_name, Delivered(digest, size_bytes))

    def _deliver(self, partial: Path, file_name: str, delivered: Delivered) -> Delivered:
        target = self._place(file_name)
        with durable.storage_errors(target):
            if self._is_free(target, file_name, delivered):
                self._record([f"{delivered.sha256}  {file_name}"])
                durable.commit(partial, target, sync_name=False)
            else:
                partial.unlink()
        self._add_unsynced([target.parent])
        return delivered

    def _add_unsynced(self, folders: Iterable[Path]) -> None:
        """Call this after a rename: an earlier sync would not include the new name."""
        with self._lock:
            self._unsynced.update(folders)

    def sync(self) -> None:
        """Make the names of delivered files durable; call it before a table lists them."""
        with self._syncing:  # a caller must not continue while another one syncs its folders
            with self._lock:
                folders, self._unsynced = self._unsynced, set()
                self._made -= folders
            for folder in folders:
                durable.sync_folder(folder)

    def store_part(self, part: Path) -> None:
        """Store the part of a shard elsewhere too, where results are not on a disk alone. Raises `StorageError`."""

    def _place(self, file_name: str) -> Path:
        target = self.folder / file_name
        folder = target.parent
        if ".." in target.parts:
            raise StorageError(f"{target} is outside the results folder")
        with self._lock:
            if folder not in self._made:
                self._refuse_links(folder)
                durable.make_folder(folder)
                self._made.add(folder)
        return target

    def _refuse_links(self, folder: Path) -> None:
        for step in (folder, *folder.parents):
            if step == self.folder:
                return
            if step.is_symlink() or (step.exists() and not step.is_dir()):
                raise OutputRefused(
                    f"{step} is a link or a file, but must be a folder; move it away",
                    "output_exists",
                )
        raise StorageError(f"{folder} is outside the results folder")

    def _is_free(self, target: Path, file_name: str, delivered: Delivered) -> bool:
        """True if `target` must be written, False if it has the same content already."""
        try:
            found = os.lstat(target)
        except FileNotFoundError:
            return True
        if stat.S_ISREG(found.st_mode):
            digest = durable.sha256_of(target)
            if digest == delivered.sha256:
                return False
            if self._is_ours(file_name, digest):
                return True
        raise OutputRefused(
            f"{target} exists and was not written by voicemill; move it away or choose another out",
            "output_exists",
        )

    def _is_ours(self, file_name: str, sha256: str) -> bool:
        line = hash(f"{sha256}  {file_name}")
        with self._lock:
            if self._known is None or (line not in self._known and self._log_size() != self._known_bytes):
                self._known_bytes = self._log_size()
                self._known = self._read_log()
            return line in self._known

    def _log_size(self) -> int:
        """The size of the log, which other worker processes of the run extend too."""
        try:
            return self._written.stat().st_size
        except FileNotFoundError:
            return 0

    def _read_log(self) -> set[int]:
        try:
            with self._written.open(encoding="utf-8", newline="\n") as lines:
                return {hash(line.removesuffix("\n")) for line in lines}
        except FileNotFoundError:
            return set()

    def _record(self, lines: Sequence[str]) -> None:
        """Record files as written by voicemill before they get their names, durably."""
        if not lines:
            return
        with self._lock:
            durable.append_lines(self._written, lines)
            if self._known is not None:
                self._known.update(map(hash, lines))
        durable.sync_lines(self._written)
        if not self._has_durable_name:
            durable.sync_folder(self._written.parent)
            self._has_durable_name = True


def recorded_files(written: Path) -> dict[str, set[str]]:
    """The names of all files that voicemill wrote, each with the SHA-256 of every version."""
    recorded: dict[str, set[str]] = {}
    try:
        with written.open(encoding="utf-8", errors="replace", newline="\n") as lines:
            for line in lines:
                digest, _, name = line.removesuffix("\n").partition("  ")
                recorded.setdefault(name, set()).add(digest)
    except FileNotFoundError:
        return {}
    return recorded
