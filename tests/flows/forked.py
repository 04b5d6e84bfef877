"""Starts `voicemill` commands in processes forked from one that has imported what they need."""

import json
import os
import select
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Self

_ROOT = Path(__file__).parents[2]


class ForkedProcess:
    """A forked command, with the methods of `subprocess.Popen` that tests use."""

    def __init__(self, arguments: list[str], output: tuple[IO[bytes], IO[bytes]], report: socket.socket) -> None:
        self.args = arguments
        self.returncode: int | None = None
        self._output, self._report = output, report
        self.pid = self._reported_number()

    def poll(self) -> int | None:
        """The exit code, or None while the process runs."""
        return self._code_within(0)

    def wait(self, timeout: float | None = None) -> int:
        """Wait for the exit code. Raises `subprocess.TimeoutExpired` after `timeout` seconds."""
        code = self._code_within(timeout)
        if code is None:
            raise subprocess.TimeoutExpired(self.args, timeout or 0)
        return code

    def communicate(self, timeout: float | None = None) -> tuple[bytes, bytes]:
        """Wait for the exit, and return standard output and standard error."""
        with self:
            self.wait(timeout)
            stdout, stderr = (os.pread(file.fileno(), os.fstat(file.fileno()).st_size, 0) for file in self._output)
            return stdout, stderr

    def send_signal(self, number: int) -> None:
        """Send a signal, unless the process has ended."""
        if self.poll() is None:
            os.kill(self.pid, number)

    def kill(self) -> None:
        """Send SIGKILL."""
        self.send_signal(signal.SIGKILL)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self.wait()
        for file in (*self._output, self._report):
            file.close()

    def _code_within(self, timeout_s: float | None) -> int | None:
        if self.returncode is None and select.select([self._report], [], [], timeout_s)[0]:
            self.returncode = self._reported_number()
        return self.returncode

    def _reported_number(self) -> int:
        return int(self._report.recv(100))


class ForkedCommands:
    """Starts any number of concurrent commands."""

    def __init__(self, requests: socket.socket) -> None:
        self._requests = requests

    def start(self, *arguments: str | Path) -> ForkedProcess:
        """Start `voicemill` with the environment and the working folder of this process, in its own process group."""
        request = {"arguments": list(map(str, arguments)), "environment": dict(os.environ), "folder": str(Path.cwd())}
        output = (tempfile.TemporaryFile(), tempfile.TemporaryFile())  # noqa: SIM115 - the process closes them
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            descriptors = [*(file.fileno() for file in output), theirs.fileno()]
            socket.send_fds(self._requests, [json.dumps(request).encode()], descriptors)
        return ForkedProcess(["voicemill", *request["arguments"]], output, ours)


@contextmanager
def forked_commands(prefect_server: str) -> Iterator[ForkedCommands]:
    """Start the process that forks commands, prepared for runs that use the Prefect server at this address."""
    requests, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    command = [sys.executable, "-m", "tests.flows.forked_commands", str(theirs.fileno())]
    environment = os.environ | {"PREFECT_API_URL": prefect_server}
    with (
        subprocess.Popen(
            command,
            cwd=_ROOT,
            env=environment,
            pass_fds=[theirs.fileno()],
            stdout=subprocess.DEVNULL,
            start_new_session=True,
        ),
        requests,
    ):
        theirs.close()
        yield ForkedCommands(requests)
