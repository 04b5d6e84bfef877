"""Durable files: a file under its final name is complete, and a committed file survives a power cut.

The write order is restic's and borg's: temporary file in the same folder, length check, fsync, rename, fsync of the
folder. This is the only module that renames files into place.
"""

import errno
import filecmp
import hashlib
import os
import secrets
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO, TypeVar

from voicemill.errors import StorageError

PARTIAL_SUFFIX = ".partial"
PARTIALS = ".????????????-*" + PARTIAL_SUFFIX
"""The pattern of the names that `open_partial` gives."""
FOLDER_MODE = 0o700
FILE_MODE = 0o600

_MOST_OPEN_FILES = 64
"""The most files that one group commit holds open."""

T = TypeVar("T")
FaultHook = Callable[[str], None]
"""Called with the name of each fault point as it is passed; tests end the process there."""

_REMEDY = {
    errno.ENOSPC: "the disk is full; free some space and rerun the command",
    errno.EDQUOT: "the disk quota is used up; free some space and rerun the command",
    errno.EROFS: "the disk is read-only; choose another results folder",
    errno.EACCES: "permission is denied; choose a folder you may write to",
    errno.EPERM: "permission is denied; choose a folder you may write to",
    errno.EIO: "the disk reports an error; check it, then rerun the command",
}


def no_fault(_name: str) -> None:
    """The fault hook of production: it does nothing."""


fault_point: FaultHook = no_fault


def set_fault_hook(hook: FaultHook) -> None:
    """Call `hook` at every fault point of this process; for tests that kill it there."""
    global fault_point
    fault_point = hook


@contextmanager
def storage_errors(path: Path) -> Iterator[None]:
    """Convert an `OSError` to a `StorageError` that names `path` and the remedy."""
    try:
        yield
    except OSError as error:
        remedy = _REMEDY.get(error.errno or 0, error.strerror or str(error))
        raise StorageError(f"cannot write {path}: {remedy}") from error


def make_folder(folder: Path) -> None:
    """Create `folder` and its parents, durably; new folders are readable by the owner only."""
    with storage_errors(folder):
        missing = [step for step in folder.parents if not step.exists()]
        for step in (*reversed(missing), folder):
            step.mkdir(mode=FOLDER_MODE, exist_ok=True)
    # Sync the name even if the folder exists: a run may have been killed before it could do so.
    for step in (*reversed(missing), folder):
        _sync_name(step)


def make_folders_in(folder: Path, names: Iterable[str]) -> None:
    """Create folders in an existing folder, durably; they are readable by the owner only."""
    for name in names:
        with storage_errors(folder / name):
            (folder / name).mkdir(mode=FOLDER_MODE, exist_ok=True)
    sync_folder(folder)


def _sync_name(step: Path) -> None:
    with storage_errors(step), suppress(PermissionError):  # A parent folder may not be readable.
        _sync(step.parent, os.O_DIRECTORY)


def sync_folder(folder: Path) -> None:
    """Make the file names in `folder` durable."""
    with storage_errors(folder):
        _sync(folder, os.O_DIRECTORY)


def sync_lines(path: Path) -> None:
    """Make the lines that `append_lines` has written durable, but not the name of the file."""
    with storage_errors(path):
        _sync(path, 0)


def _sync(path: Path, flags: int) -> None:
    descriptor = os.open(path, os.O_RDONLY | flags)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def write_partial(path: Path, chunks: tuple[bytes, ...]) -> Path:
    """Write `chunks` beside `path` under a partial name, and return that path.

    The bytes then survive the death of this process, but not yet a power cut. Raises `StorageError`.
    """
    partial = path.with_name(path.name + PARTIAL_SUFFIX)
    os.close(_open_written(partial, os.O_TRUNC, path, chunks))
    return partial


def _open_written(partial: Path, how: int, path: Path, chunks: tuple[bytes, ...]) -> int:
    """Write `chunks` to a partial file and return its descriptor; on an error, remove the file."""
    with storage_errors(path):
        descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_NOFOLLOW | how, FILE_MODE)
        try:
            _write_all(descriptor, chunks)
        except BaseException:
            os.close(descriptor)
            with suppress(OSError):
                partial.unlink()
            raise
    return descriptor


def _write_all(descriptor: int, chunks: tuple[bytes, ...]) -> None:
    expected = sum(map(len, chunks))
    written = os.writev(descriptor, chunks)
    if written < expected:
        rest = memoryview(b"".join(chunks))[written:]
        while rest:
            rest = rest[os.write(descriptor, rest) :]
    if os.fstat(descriptor).st_size != expected:
        raise OSError(errno.EIO, "the file is shorter than the written bytes")


def commit(partial: Path, path: Path, *, sync_name: bool = True) -> None:
    """Give a partial file its final name, durably: fsync, rename, fsync of the folder.

    With `sync_name=False` the caller syncs the folder itself, once for many files. Raises `StorageError`.
    """
    commit_together([(partial, path)])
    if sync_name:
        sync_folder(path.parent)
        fault_point("after folder fsync")


def commit_together(renames: Sequence[tuple[Path, Path]]) -> None:
    """Give partial files their final names, each as `commit` does; the caller syncs the folders.

    Writeback starts for all files before waiting for any: many take little longer than one, with half of the CPU.
    """
    for some in _in_groups(renames):
        with _descriptors() as opened:
            for partial, path in some:
                with storage_errors(path):
                    opened.append(os.open(partial, os.O_RDONLY))
            _rename_all(some, opened)


def write_together(files: Sequence[tuple[Path, bytes]]) -> None:
    """Write complete files, each durably and atomically; the caller syncs the folders.

    Raises `StorageError`; some files are then written, and the others leave nothing behind.
    """
    for some in _in_groups(files):
        renames = [(_free_name(path), path) for path, _ in some]
        with _descriptors() as opened:
            try:
                for (partial, path), (_, content) in zip(renames, some, strict=True):
                    opened.append(_open_written(partial, os.O_EXCL, path, (content,)))
                _rename_all(renames, opened)
            except BaseException:
                for partial, _ in renames:
                    with suppress(OSError):
                        partial.unlink()
                raise


def _rename_all(renames: Sequence[tuple[Path, Path]], opened: Sequence[int]) -> None:
    for descriptor in opened if len(opened) > 1 else ():
        os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)  # starts writing it back
    for (partial, path), descriptor in zip(renames, opened, strict=True):
        with storage_errors(path):
            fault_point("before fsync")
            _sync_file(partial, descriptor)
            fault_point("before rename")
            os.replace(partial, path)  # noqa: PTH105 - `os.replace` names what happens to an existing file
            fault_point("after rename")


def _sync_file(partial: Path, descriptor: int) -> None:
    try:
        os.fsync(descriptor)
    except OSError:
        # The kernel may have dropped the bytes, and the next fsync would succeed: remove the file.
        with suppress(OSError):
            partial.unlink()
        raise


def _in_groups(items: Sequence[T]) -> Iterator[Sequence[T]]:
    for start in range(0, len(items), _MOST_OPEN_FILES):
        yield items[start : start + _MOST_OPEN_FILES]


@contextmanager
def _descriptors() -> Iterator[list[int]]:
    """A list of descriptors that are closed at the end."""
    opened: list[int] = []
    try:
        yield opened
    finally:
        for descriptor in opened:
            os.close(descriptor)


def write_file(path: Path, *chunks: bytes) -> None:
    """Write a complete file durably and atomically. Raises `StorageError` and then leaves nothing behind."""
    partial = write_partial(path, chunks)
    try:
        commit(partial, path)
    except StorageError:
        with suppress(OSError):
            partial.unlink()
        raise


def replace_file(path: Path, content: bytes) -> None:
    """Write a complete file atomically without a sync: a power cut may lose it. Raises `StorageError`."""
    partial = write_partial(path, (content,))
    with storage_errors(path):
        os.replace(partial, path)  # noqa: PTH105


def set_aside(path: Path, folder: Path) -> None:
    """Move a file or link, if it exists, into `folder`, under a unique name with the same ending."""
    make_folder(folder)
    with storage_errors(path), suppress(FileNotFoundError):
        os.replace(path, folder / f"{secrets.token_hex(6)}-{path.name[-100:]}")  # noqa: PTH105


def replace_if_changed(partial: Path, path: Path) -> bool:
    """Commit a partial file unless `path` has the same content; True if it was replaced."""
    with storage_errors(path):
        if path.is_file() and filecmp.cmp(partial, path, shallow=False):
            partial.unlink()
            return False
    commit(partial, path)
    return True


def sha256_of(path: Path) -> str:
    """The SHA-256 of a file. Raises `OSError`."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def new_partial(path: Path) -> Path:
    """Create an empty partial file beside `path`, for a writer that opens files by name."""
    return write_partial(path, (b"",))


def owner_only(path: str | Path, flags: int) -> int:
    """An `opener` that creates files readable by the owner only."""
    return os.open(path, flags, FILE_MODE)


@contextmanager
def open_partial(path: Path) -> Iterator[tuple[BinaryIO, Path]]:
    """Open a new partial file beside `path` for streaming; the caller commits it. An error removes it."""
    partial = _free_name(path)
    with storage_errors(path):
        descriptor = os.open(partial, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, FILE_MODE)
        try:
            with os.fdopen(descriptor, "w+b") as file:
                yield file, partial
        except BaseException:
            with suppress(OSError):
                partial.unlink()
            raise


def _free_name(path: Path) -> Path:
    return path.with_name(f".{secrets.token_hex(6)}-{path.name[-100:]}{PARTIAL_SUFFIX}")


def append_lines(path: Path, lines: Iterable[str]) -> None:
    """Append lines to a file, all of them or none. Raises `StorageError`."""
    with storage_errors(path):
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, FILE_MODE)
        try:
            before = os.fstat(descriptor).st_size
            is_torn = before > 0 and os.pread(descriptor, 1, before - 1) != b"\n"  # by a power cut
            content = b"\n" * is_torn + "".join(f"{line}\n" for line in lines).encode()
            if os.write(descriptor, content) < len(content):
                os.ftruncate(descriptor, before)
                raise OSError(errno.ENOSPC, "no space for whole lines")
        finally:
            os.close(descriptor)
