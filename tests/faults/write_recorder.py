"""Records every system call that changes files below a folder, in order, with the content written.

The product runs on a real disk; `power_loss` derives crash states from prefixes of the log. Writes by pyarrow and by
Python's file objects are not intercepted: the recorder reads the file when it is synced or renamed, before which its
content cannot become durable.
"""

import itertools
import os
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from unittest import mock

_CALLS = ("open", "close", "write", "writev", "pwrite", "ftruncate", "fsync", "replace", "unlink", "mkdir", "rmdir")
_REAL: dict[str, Callable[..., Any]] = {name: getattr(os, name) for name in _CALLS}


@dataclass(frozen=True, slots=True)
class Op:
    """One change. `file` numbers a file, because names change; paths are relative to the recorded folder."""

    kind: str  # create, content, sync, sync_folder, rename, unlink, mkdir, rmdir, acknowledged
    path: str = ""
    target: str = ""
    file: int = 0
    content: bytes = b""


@dataclass
class WriteRecorder:
    """Records changes below `root`. Its content at the start counts as durable: `before`."""

    root: Path
    log: list[Op] = field(default_factory=list)
    before: dict[str, bytes | None] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._lock = threading.RLock()
        self._numbers = itertools.count(1)
        self._files: dict[str, int] = {}
        self._contents: dict[int, bytes] = {}
        self._paths: dict[int, str] = {}
        for path in sorted(self.root.rglob("*")):
            name = str(path.relative_to(self.root))
            self.before[name] = None if path.is_dir() else path.read_bytes()
            if not path.is_dir():
                self._contents[self._number(name)] = path.read_bytes()

    @contextmanager
    def recording(self) -> Iterator[None]:
        """Record all changes that this process makes below `root` during the block."""
        with ExitStack() as patches:
            for name in _CALLS:
                patches.enter_context(mock.patch.object(os, name, self._recorded(name)))
            yield

    def acknowledge(self, name: str) -> None:
        """Record that `name` must survive from now on."""
        with self._lock:
            self.log.append(Op("acknowledged", name))

    def _recorded(self, name: str) -> Callable[..., Any]:
        real, recorded = _REAL[name], getattr(self, f"_{name}")

        def call(*given: Any, **options: Any) -> Any:
            with self._lock:
                return recorded(real, *given, **options)

        return call

    def _name(self, path: Any, folder_fd: int | None = None) -> str | None:
        if folder_fd is not None:
            path = Path(f"/proc/self/fd/{folder_fd}").readlink() / path
        if isinstance(path, int):
            return self._paths.get(path)
        full = Path(path).absolute()
        return str(full.relative_to(self.root)) if full.is_relative_to(self.root) and full != self.root else None

    def _number(self, name: str) -> int:
        if name not in self._files:
            self._files[name] = next(self._numbers)
        return self._files[name]

    def _read(self, name: str) -> int:
        """Record a file's current content and return its number."""
        is_new = name not in self._files
        number = self._number(name)
        content = (self.root / name).read_bytes()
        if is_new:
            self.log.append(Op("create", name, file=number))
        if self._contents.get(number, b"") != content:
            self._contents[number] = content
            self.log.append(Op("content", name, file=number, content=content))
        return number

    def _is_file(self, name: str | None) -> bool:
        return name is not None and (self.root / name).is_file() and not (self.root / name).is_symlink()

    def _record_open(self, descriptor: int, path: Any, folder_fd: int | None) -> None:
        full = Path(path).absolute() if folder_fd is None else None
        name = "." if full == self.root else self._name(path, folder_fd)
        if name is None:
            return
        self._paths[descriptor] = name
        if self._is_file(name):
            self._read(name)

    def _open(self, real: Any, path: Any, flags: int, mode: int = 0o777, *, dir_fd: int | None = None) -> Any:
        descriptor = real(path, flags, mode, dir_fd=dir_fd)
        if not isinstance(path, int):
            self._record_open(descriptor, path, dir_fd)
        return descriptor

    def _close(self, real: Any, descriptor: int) -> None:
        self._paths.pop(descriptor, None)
        real(descriptor)

    def _changed(self, real: Any, descriptor: int, *given: Any) -> Any:
        outcome = real(descriptor, *given)
        name = self._paths.get(descriptor)
        if name is not None and self._is_file(name):
            self._read(name)
        return outcome

    _write = _writev = _pwrite = _ftruncate = _changed

    def _fsync(self, real: Any, descriptor: int) -> None:
        real(descriptor)
        name = self._paths.get(descriptor)
        if name is None or not self._is_same_file(descriptor, name):
            return
        if self._is_file(name):
            self.log.append(Op("sync", name, file=self._read(name)))
        else:
            self.log.append(Op("sync_folder", name))

    def _is_same_file(self, descriptor: int, name: str) -> bool:
        """Whether the descriptor still refers to the file of that name: descriptor numbers are reused."""
        place = self.root / name
        return place.exists() and os.fstat(descriptor).st_ino == place.stat().st_ino

    def _replace(self, real: Any, source: Any, target: Any) -> None:
        before, after = self._name(source), self._name(target)
        number = self._read(before) if before is not None else 0
        real(source, target)
        if before is not None and after is not None:
            self._files[after] = self._files.pop(before)
            self.log.append(Op("rename", before, after, file=number))

    def _unlink(self, real: Any, path: Any, *, dir_fd: int | None = None) -> None:
        name = self._name(path, dir_fd)
        real(path, dir_fd=dir_fd)
        if name is not None and self._files.pop(name, None) is not None:
            self.log.append(Op("unlink", name))

    def _mkdir(self, real: Any, path: Any, mode: int = 0o777, *, dir_fd: int | None = None) -> None:
        real(path, mode, dir_fd=dir_fd)
        if (name := self._name(path, dir_fd)) is not None:
            self.log.append(Op("mkdir", name))

    def _rmdir(self, real: Any, path: Any, *, dir_fd: int | None = None) -> None:
        name = self._name(path, dir_fd)
        real(path, dir_fd=dir_fd)
        if name is not None:
            self.log.append(Op("rmdir", name))
