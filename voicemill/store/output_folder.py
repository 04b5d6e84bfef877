"""The files a user asked for: put in place whole, never through a link, never over a file that is not ours."""

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
    """A row's file cannot be made: its place is taken by a stranger's file, or the format cannot hold it."""

    def __init__(self, message: str, code: str) -> None:
        super().__init__(message)
        self.code = code


@dataclass(frozen=True, slots=True)
class Delivered:
    """A file in its place."""

    sha256: str
    size_bytes: int


@dataclass(frozen=True, slots=True)
class WholeFile:
    """A file that is to be put in place at once: its name below the results folder, its bytes, and their SHA-256."""

    name: str
    content: bytes = field(repr=False)
    sha256: str


class OutputFolder:
    """Delivers files below a results folder. Safe to use from several threads.

    What was written is noted in `written` before it is put in place, so that a file of ours can be told from a
    stranger's when a row changes.
    """

    def __init__(self, results: Path, written: Path) -> None:
        self.folder = results
        self._written = written
        self._made: set[Path] = set()
        self._known: set[int] | None = None
        self._unsynced: set[Path] = set()
        self._is_named = False
        self._lock = threading.Lock()
        self._syncing = threading.Lock()

    def size_of(self, file_name: str) -> int | None:
        """The size in bytes of a delivered file, None where there is no regular file of that name."""
        try:
            found = os.lstat(self.folder / file_name)
        except OSError:
            return None
        return found.st_size if stat.S_ISREG(found.st_mode) else None

    def is_as_told(self, file_name: str, sha256: str, told_at_ns: int) -> bool:
        """Whether a file still holds what a table said of it at `told_at_ns`; it is read only where it is younger."""
        target = self.folder / file_name
        try:
            return os.lstat(target).st_mtime_ns <= told_at_ns or _digest_of(target) == sha256
        except OSError:
            return False

    @contextmanager
    def new(self, file_name: str) -> Iterator[tuple[BinaryIO, Path]]:
        """An empty partial file beside the place of `file_name`; hand it to `deliver` when it is written."""
        with durable.open_partial(self._place(file_name)) as opened:
            yield opened

    def deliver_bytes(self, file_name: str, content: bytes) -> Delivered:
        """Put `content` in place."""
        [delivered] = self.deliver_all([WholeFile(file_name, content, hashlib.sha256(content).hexdigest())])
        if isinstance(delivered, OutputRefused):
            raise delivered
        return delivered

    def deliver_all(self, files: Sequence[WholeFile]) -> list[Delivered | OutputRefused]:
        """Put many files in place, which takes little longer than one; what became of each. Raises `StorageError`."""
        free: list[WholeFile] = []
        outcomes = [self._judged(file, free) for file in files]
        self._note([f"{file.sha256}  {file.name}" for file in free])
        durable.write_together([(self.folder / file.name, file.content) for file in free])
        self._sync_later((self.folder / file.name).parent for file in free)
        return outcomes

    def _judged(self, file: WholeFile, free: list[WholeFile]) -> Delivered | OutputRefused:
        """What becomes of a file; one that is to be written is added to `free`."""
        delivered = Delivered(file.sha256, len(file.content))
        try:
            target = self._place(file.name)
            with durable.storage_errors(target):
                free += [file] * self._is_free(target, file.name, delivered)
        except OutputRefused as refused:
            return refused
        return delivered

    def deliver(self, partial: Path, file_name: str) -> Delivered:
        """Put a written partial file in place."""
        with durable.storage_errors(partial), partial.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
            size_bytes = os.fstat(file.fileno()).st_size
        return self._deliver(partial, file_name, Delivered(digest, size_bytes))

    def _deliver(self, partial: Path, file_name: str, delivered: Delivered) -> Delivered:
        target = self._place(file_name)
        with durable.storage_errors(target):
            if self._is_free(target, file_name, delivered):
                self._note([f"{delivered.sha256}  {file_name}"])
                durable.commit(partial, target, sync_name=False)
            else:
                partial.unlink()
        self._sync_later([target.parent])
        return delivered

    def _sync_later(self, folders: Iterable[Path]) -> None:
        """To be told after a rename: a sync before it would not have been one of the new name."""
        with self._lock:
            self._unsynced.update(folders)

    def sync(self) -> None:
        """Make delivered files' names durable; call it before a table tells of them."""
        with self._syncing:  # Who comes while another syncs may not go on before that is done.
            with self._lock:
                folders, self._unsynced = self._unsynced, set()
                self._made -= folders
            for folder in folders:
                durable.sync_folder(folder)

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
                    f"{step} is in the way: it is a link or a file, where a folder is needed; move it away",
                    "output_exists",
                )
        raise StorageError(f"{folder} is outside the results folder")

    def _is_free(self, target: Path, file_name: str, delivered: Delivered) -> bool:
        """True where `target` is to be written, False where it holds those bytes already."""
        try:
            found = os.lstat(target)
        except FileNotFoundError:
            return True
        if stat.S_ISREG(found.st_mode):
            digest = _digest_of(target)
            if digest == delivered.sha256:
                return False
            if self._is_ours(file_name, digest):
                return True
        raise OutputRefused(
            f"{target} is there already and voicemill did not write it; move it away or choose another out",
            "output_exists",
        )

    def _is_ours(self, file_name: str, sha256: str) -> bool:
        with self._lock:
            if self._known is None:
                self._known = self._read_notes()
            return hash(f"{sha256}  {file_name}") in self._known

    def _read_notes(self) -> set[int]:
        try:
            with self._written.open(encoding="utf-8", newline="\n") as lines:
                return {hash(line.removesuffix("\n")) for line in lines}
        except FileNotFoundError:
            return set()

    def _note(self, lines: Sequence[str]) -> None:
        """Let a file be known as ours before it has its name: after a power cut too, that is."""
        if not lines:
            return
        with self._lock:
            durable.append_lines(self._written, lines)
            if self._known is not None:
                self._known.update(map(hash, lines))
        durable.sync_lines(self._written)
        if not self._is_named:
            durable.sync_folder(self._written.parent)
            self._is_named = True


def noted_files(written: Path) -> dict[str, set[str]]:
    """The names of all files that were put in place, each with the SHA-256s it had."""
    noted: dict[str, set[str]] = {}
    try:
        with written.open(encoding="utf-8", errors="replace", newline="\n") as lines:
            for line in lines:
                digest, _, name = line.removesuffix("\n").partition("  ")
                noted.setdefault(name, set()).add(digest)
    except FileNotFoundError:
        return {}
    return noted


def _digest_of(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
