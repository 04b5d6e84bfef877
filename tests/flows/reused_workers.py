"""Worker processes that later commands of this process reuse: starting one takes up to two seconds of CPU time."""

import atexit
import os
import signal
import socket
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from typing import IO, Any, NamedTuple
from unittest import mock

from voicemill.processes.frames import Frame
from voicemill.processes.worker_process import WorkerProcess

_USERS = ("engine.worker_pool", "audio.inspection.inspector", "quality.pool")
_MOST_IDLE = 4
_WORKERS_READ = ("HOME", "PATH", "PYTHON", "TMPDIR", "VOICEMILL_", "XDG_CACHE")


class _Idle(NamedTuple):
    """A worker process that waits for a request, and what it was started with."""

    started_with: tuple[str, ...]
    child: subprocess.Popen[bytes]
    connection: socket.socket
    stderr: IO[bytes]


_idle: list[_Idle] = []


@contextmanager
def reusing_workers() -> Iterator[None]:
    """Commands that run in this process leave their idle worker processes to the next command."""
    with ExitStack() as patches:
        for user in _USERS:
            patches.enter_context(mock.patch(f"voicemill.{user}.WorkerProcess", _ReusedWorker))
        yield


class _ReusedWorker(WorkerProcess):
    """A worker process that is kept when it is stopped between two requests."""

    def __init__(self, module: str) -> None:
        super().__init__(module)
        self._is_reusable = True

    def send(self, request: dict[str, Any], timeout_s: float) -> Iterator[Frame]:
        """Send a request; only a process that has responded to the whole of it is kept."""
        self._is_reusable = False
        yield from super().send(request, timeout_s)
        self._is_reusable = True

    def kill(self) -> None:
        """Kill a process that is at work."""
        if not self._is_reusable:
            super().kill()

    def stop(self) -> None:
        """Keep an idle process, and stop any other."""
        if self._is_reusable and self._child and self._socket and self._stderr and self._child.poll() is None:
            _keep(_Idle(self._started_with(), self._child, self._socket, self._stderr))
            self._child = self._socket = self._stderr = None
        super().stop()
        self._is_reusable = True

    def _connect(self) -> socket.socket:
        if self._socket is None:
            for idle in [each for each in _idle if each.started_with == self._started_with()]:
                _idle.remove(idle)
                self._child, self._socket, self._stderr = idle.child, idle.connection, idle.stderr
                break
        return super()._connect()

    def _started_with(self) -> tuple[str, ...]:
        read = (f"{name}={value}" for name, value in os.environ.items() if name.startswith(_WORKERS_READ))
        return (self._module, *sorted(read))


def _keep(idle: _Idle) -> None:
    _idle.append(idle)
    if len(_idle) > _MOST_IDLE:
        _end(_idle.pop(0))


def _end(idle: _Idle) -> None:
    idle.connection.close()
    with suppress(ProcessLookupError):
        os.killpg(idle.child.pid, signal.SIGKILL)  # the worker leads a group with the synthesizers that it has started
    idle.child.wait()
    idle.stderr.close()


@atexit.register
def _end_all() -> None:
    while _idle:
        _end(_idle.pop())
