"""Inspect recordings in a worker process: a file that crashes or hangs a decoder affects only its own row."""

import os
import time
import weakref
from collections import deque
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Protocol, Self

from voicemill.audio.inspection.unlistenable import Unlistenable
from voicemill.model import FileState, Inspected, Recording
from voicemill.processes.worker_process import WorkerDied, WorkerProcess

_SHORTEST_WAIT_S: Final = 60.0
_SLOWEST_BYTES_PER_S: Final = 4_000_000
"""The speed of a slow network disk."""
_FRESH_NS: Final = 2_000_000_000
"""A file that was written this recently may change again without a new modification time: its result is not cached."""
_BREAKS_DECODER: Final = "breaks_decoder"


def state_of(path: Path) -> FileState:
    """The state of the file at `path`. Raises `OSError`."""
    found = os.stat(path)  # noqa: PTH116 - follows links, as the worker does
    return FileState(found.st_size, found.st_mtime_ns, found.st_ino)


class Notes(Protocol):
    """Earlier results by path. A result is valid while the state of the file is the same."""

    def find(self, path: str, state: FileState) -> Inspected | None:
        """The result for the file in that state."""
        ...

    def keep(self, path: str, state: FileState, found: Inspected) -> None:
        """Store a result."""
        ...


class Inspector:
    """Inspects recordings one at a time, and each only once unless it changes. A context manager."""

    def __init__(self, notes: Notes | None = None, shortest_wait_s: float = _SHORTEST_WAIT_S) -> None:
        self._notes = notes
        self._shortest_wait_s = shortest_wait_s
        self._worker = WorkerProcess("voicemill.audio.inspection")
        weakref.finalize(self, self._worker.stop)

    def __call__(self, path: Path, track: str = "") -> Recording:
        """The recording at `path`, with the audio track of that number or language. Raises `Unlistenable`."""
        path = path.absolute()
        try:
            state = state_of(path)
        except (OSError, ValueError):
            state = None  # The worker reports why.
        name = f"{path}\n{track}" if track else str(path)
        found = self._notes.find(name, state) if self._notes and state else None
        if found is None:
            found = self._inspected(path, track, state)
            if self._notes and state and self._is_settled(state) and found.code != _BREAKS_DECODER:
                self._notes.keep(name, state, found)
        if found.recording is None:
            raise Unlistenable(found.why, found.code)
        return found.recording

    def _inspected(self, path: Path, track: str, state: FileState | None) -> Inspected:
        """Send a request to the worker, which has `wait_s` for each report of progress."""
        wait_s = self._shortest_wait_s + (state.size_bytes / _SLOWEST_BYTES_PER_S if state else 0.0)
        request = {"path": os.fspath(path), "track": track, "cpu_s": wait_s}
        try:
            header = deque(self._worker.send(request, wait_s), maxlen=1).pop().header
        except (WorkerDied, TimeoutError) as error:
            self._worker.stop()
            how = "hangs" if isinstance(error, TimeoutError) else "crashes"
            return Inspected(None, _BREAKS_DECODER, f"{how} the audio decoder; convert it or remove it")
        return _found(header, state)

    def _is_settled(self, state: FileState) -> bool:
        return time.time_ns() - state.mtime_ns > _FRESH_NS

    def close(self) -> None:
        """Stop the worker process."""
        self._worker.stop()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _found(header: dict[str, Any], state: FileState | None) -> Inspected:
    if "recording" not in header:
        return Inspected(None, header["code"], header["why"])
    mtime_ns, inode = (state.mtime_ns, state.inode) if state else (0, 0)
    return Inspected(Recording.from_record(header["recording"] | {"mtime_ns": mtime_ns, "inode": inode}))
