"""A camera on the disk: every system call that changes files below a folder, in order, with what was written.

The calls are those of the product on a real disk; the log of them is what `power_loss` cuts short. What pyarrow and
Python's own file objects write is not seen as it is written; it is looked up when the file is synced or renamed, which
is when it begins to matter.
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
    """One change. `file` is a file's number, for names come and go; paths are relative to the folder watched."""

    kind: str  # create, content, sync, sync_folder, rename, unlink, mkdir, rmdir, acknowledged
    path: str = ""
    target: str = ""
    file: int = 0
    content: bytes = b""


@dataclass
class Camera:
    """Watches `root`, whose present content counts as durable: `before`."""

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
        """Within, everything that this process does below `root` is noted."""
        with ExitStack() as patches:
            for name in _CALLS:
                patches.enter_context(mock.patch.object(os, name, self._watched(name)))
            yield

    def acknowledge(self, what: str) -> None:
        """Note that from here on `what` must survive."""
        with self._lock:
            self.log.append(Op("acknowledged", what))

    def _watched(self, name: str) -> Callable[..., Any]:
        real, noted = _REAL[name], getattr(self, f"_{name}")

        def call(*given: Any, **options: Any) -> Any:
            with self._lock:
                return noted(real, *given, **options)

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

    def _look(self, name: str) -> int:
        """The number of a file, once what it holds now is noted."""
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

    def _note_open(self, descriptor: int, path: Any, folder_fd: int | None) -> None:
        full = Path(path).absolute() if folder_fd is None else None
        name = "." if full == self.root else self._name(path, folder_fd)
        if name is None:
            return
        self._paths[descriptor] = name
        if self._is_file(name):
            self._look(name)

    def _open(self, real: Any, path: Any, flags: int, mode: int = 0o777, *, dir_fd: int | None = None) -> Any:
        descriptor = real(path, flags, mode, dir_fd=dir_fd)
        if not isinstance(path, int):
            self._note_open(descriptor, path, dir_fd)
        return descriptor

    def _close(self, real: Any, descriptor: int) -> None:
        self._paths.pop(descriptor, None)
        real(descriptor)

    def _changed(self, real: Any, descriptor: int, *given: Any) -> Any:
        outcome = real(descriptor, *given)
        name = self._paths.get(descriptor)
        if name is not None and self._is_file(name):
            self._look(name)
        return outcome

    _write = _writev = _pwrite = _ftruncate = _changed

    def _fsync(self, real: Any, descriptor: int) -> None:
        real(descriptor)
        name = self._paths.get(descriptor)
        if name is None or not self._still(descriptor, name):
            return
        if self._is_file(name):
            self.log.append(Op("sync", name, file=self._look(name)))
        else:
            self.log.append(Op("sync_folder", name))

    def _still(self, descriptor: int, name: str) -> bool:
        """Whether a descriptor's file is the one of that name: descriptors closed elsewhere come back."""
        place = self.root / name
        return place.exists() and os.fstat(descriptor).st_ino == place.stat().st_ino

    def _replace(self, real: Any, source: Any, target: Any) -> None:
        before, after = self._name(source), self._name(target)
        number = self._look(before) if before is not None else 0
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
