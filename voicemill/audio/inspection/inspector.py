"""Recordings inspected in a worker process: a file that crashes or hangs a decoder costs itself alone, and no run."""

import os
import time
import weakref
from collections import deque
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Protocol, Self

from voicemill.audio.inspection.probe import Unlistenable
from voicemill.model import FileState, Inspected, Recording
from voicemill.processes.worker_process import WorkerDied, WorkerProcess

_SHORTEST_WAIT_S: Final = 60.0
_SLOWEST_BYTES_PER_S: Final = 4_000_000
"""Of a disk far away; what takes longer hangs."""
_FRESH_NS: Final = 2_000_000_000
"""A file that was written so lately may be written again without a new time; what is found of it is not kept."""


def state_of(path: Path) -> FileState:
    """The state of the file that `path` leads to. Raises `OSError`."""
    found = os.stat(path)  # noqa: PTH116 - as the worker opens it
    return FileState(found.st_size, found.st_mtime_ns, found.st_ino)


class Notes(Protocol):
    """What was found before, by path; it holds as long as the file's state does."""

    def find(self, path: str, state: FileState) -> Inspected | None:
        """What was found of the file in that state."""
        ...

    def keep(self, path: str, state: FileState, found: Inspected) -> None:
        """Keep what was found."""
        ...


class Inspector:
    """Inspects recordings one after the other, each only once as long as it does not change. A context manager."""

    def __init__(self, notes: Notes | None = None, shortest_wait_s: float = _SHORTEST_WAIT_S) -> None:
        self._notes = notes
        self._shortest_wait_s = shortest_wait_s
        self._worker = WorkerProcess("voicemill.audio.inspection")
        weakref.finalize(self, self._worker.stop)

    def __call__(self, path: Path) -> Recording:
        """What the recording at `path` is. Raises `Unlistenable`."""
        path = path.absolute()
        try:
            state = state_of(path)
        except (OSError, ValueError):
            state = None  # The worker says why.
        found = self._notes.find(str(path), state) if self._notes and state else None
        if found is None:
            found = self._asked(path, state)
            if self._notes and state and self._is_settled(state) and found.code != _BREAKS:
                self._notes.keep(str(path), state, found)
        if found.recording is None:
            raise Unlistenable(found.why, found.code)
        return found.recording

    def _asked(self, path: Path, state: FileState | None) -> Inspected:
        wait_s = self._shortest_wait_s + (state.size_bytes / _SLOWEST_BYTES_PER_S if state else 0.0)
        question = {"path": os.fspath(path), "cpu_s": wait_s}
        try:
            header = deque(self._worker.ask(question, wait_s), maxlen=1).pop().header
        except (WorkerDied, TimeoutError) as error:
            self._worker.stop()
            how = "hangs" if isinstance(error, TimeoutError) else "crashes"
            return Inspected(None, _BREAKS, f"{how} the program that reads it; convert it, or leave it out")
        return _found(header, state)

    def _is_settled(self, state: FileState) -> bool:
        return time.time_ns() - state.mtime_ns > _FRESH_NS

    def close(self) -> None:
        """End the worker process."""
        self._worker.stop()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


_BREAKS: Final = "breaks_decoder"


def _found(header: dict[str, Any], state: FileState | None) -> Inspected:
    if "recording" not in header:
        return Inspected(None, header["code"], header["why"])
    mtime_ns, inode = (state.mtime_ns, state.inode) if state else (0, 0)
    return Inspected(Recording(**header["recording"] | {"mtime_ns": mtime_ns, "inode": inode}))
