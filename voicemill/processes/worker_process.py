"""A worker process from the parent's side: started on demand, one request at a time, killed on timeout."""

import contextlib
import os
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from functools import partial
from typing import IO, Any

from voicemill.processes.frames import Frame, read_frame, request_line
from voicemill.processes.work_deadline import WorkDeadline

_CHECK_INTERVAL_S = 1.0

# There is one worker per core already, and each thread of a numerical library takes address space.
_ONE_THREAD = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}


class WorkerDied(Exception):
    """The worker process exited before its response was complete; the message has its last standard error."""


class WorkerProcess:
    """A child process that handles requests over a socket pair and exits when the parent closes its end.

    A socket rather than two pipes, because sends and receives can then have a deadline.
    """

    def __init__(self, module: str) -> None:
        """`module` is run with `python -m` and handles requests with `processes.worker_side`."""
        self._module = module
        self._child: subprocess.Popen[bytes] | None = None
        self._socket: socket.socket | None = None
        self._stderr: IO[bytes] | None = None

    @property
    def pid(self) -> int | None:
        """The process id, if a process is running."""
        return self._child.pid if self._child else None

    def send(self, request: dict[str, Any], timeout_s: float) -> Iterator[Frame]:
        """Send a request and yield the frames of its response; all but the final one have `last: false`.

        Between two frames, the process may work for `timeout_s` of CPU time (see `WorkDeadline`). Raises `TimeoutError`
        if it is late and `WorkerDied` if it exits. After either, or if the iteration is abandoned, call `stop`.
        """
        connection = self._connect()
        try:
            connection.settimeout(timeout_s)
            connection.sendall(request_line(request))
            deadline = WorkDeadline(self._child.pid if self._child else 0, timeout_s)
            while True:
                deadline.restart()
                frame = read_frame(partial(_receive_exactly, connection, deadline))
                yield frame
                if frame.header.get("last", True):
                    return
        except (EOFError, ConnectionError, BrokenPipeError) as error:
            raise WorkerDied(self._stderr_tail()) from error

    def kill(self) -> None:
        """Kill the process at once, from any thread. A reader of its response gets `WorkerDied`."""
        child = self._child
        if child is not None:
            _kill_with_children(child)

    def stop(self) -> None:
        """Stop the process and release its resources; the next request starts another."""
        if self._child is None or self._socket is None or self._stderr is None:
            return
        self._socket.close()
        _kill_with_children(self._child)
        self._child.wait()
        self._stderr.close()
        self._child = self._socket = self._stderr = None

    def _connect(self) -> socket.socket:
        if self._child and self._child.poll() is not None:
            self.stop()
        if self._socket is None:
            self._socket, theirs = socket.socketpair()
            self._stderr = tempfile.TemporaryFile()  # noqa: SIM115 - closed by stop()
            with theirs:
                self._child = subprocess.Popen(  # noqa: S603 - a module of ours
                    [sys.executable, "-m", self._module],
                    stdin=theirs.fileno(),
                    stdout=theirs.fileno(),
                    stderr=self._stderr,
                    env=os.environ | _ONE_THREAD,
                    start_new_session=True,  # the server handles Ctrl-C and then closes the socket
                )
        return self._socket

    def _stderr_tail(self) -> str:
        if self._stderr is None:
            return ""
        self._stderr.seek(0)
        return self._stderr.read().decode(errors="replace")[-2000:]


def _kill_with_children(child: subprocess.Popen[bytes]) -> None:
    """The worker leads a session, so its process group contains the synthesizers that it has started."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(child.pid, signal.SIGKILL)


def _receive_exactly(connection: socket.socket, deadline: WorkDeadline, count: int) -> bytes:
    data = bytearray(count)
    view = memoryview(data)
    received = 0
    while received < count:
        got = _receive_some(connection, deadline, view[received:])
        if got == 0:
            raise EOFError
        received += got
    return bytes(data)


def _receive_some(connection: socket.socket, deadline: WorkDeadline, view: memoryview) -> int:
    connection.settimeout(_CHECK_INTERVAL_S)
    while True:
        try:
            return connection.recv_into(view)
        except TimeoutError:
            if deadline.is_over:
                raise
