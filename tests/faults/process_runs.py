"""Runs in forked processes that tests start, kill and wait for."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

_ROOT = Path(__file__).parents[2]
_TEST_VARIABLES = ("CARTESIA_API_KEY", "CARTESIA_BASE_URL")


@dataclass(frozen=True, slots=True)
class Ended:
    """The exit code of a run, the fault points that it passed (if they are counted) and its standard error."""

    code: int
    passed: Sequence[str]
    stderr: str


@dataclass
class Run:
    """A run in progress."""

    pid: int
    folder: Path
    _starter: "ForkedRuns"
    _ended: Ended | None = None

    @property
    def is_over(self) -> bool:
        """Whether the process has exited, even if it has not been waited for."""
        if self._ended is not None:
            return True
        with suppress(FileNotFoundError):
            return Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
        return True

    def kill(self, number: int = signal.SIGKILL) -> None:
        """Send a signal to the process."""
        if self._ended is None:
            os.kill(self.pid, number)

    def wait(self) -> Ended:
        """Wait for the process to exit."""
        if self._ended is None:
            reply = self._starter._send({"wait": self.pid})
            stderr = self.folder / "stderr.log"
            self._ended = Ended(reply["code"], reply["passed"], stderr.read_text() if stderr.exists() else "")
        return self._ended


@dataclass
class ForkedRuns:
    """Starts any number of concurrent runs."""

    process: "subprocess.Popen[str]"
    started: int = field(default=0)

    def start(self, folder: Path, *arguments: str | Path, plain: bool = True, crash_at: int | None = None) -> Run:
        """Start a run in `folder`; `crash_at` counts its fault points and crashes it at that one, if it is reached."""
        request = {
            "arguments": list(map(str, arguments)),
            "plain": plain,
            "crash_at": crash_at,
            "folder": str(folder),
            "environment": {name: os.environ[name] for name in _TEST_VARIABLES},
        }
        self.started += 1
        return Run(self._send(request)["pid"], folder, self)

    def run(self, folder: Path, *arguments: str | Path, plain: bool = True, crash_at: int | None = None) -> Ended:
        """Start a run and wait for its exit."""
        return self.start(folder, *arguments, plain=plain, crash_at=crash_at).wait()

    def _send(self, request: dict[str, Any]) -> dict[str, Any]:
        """Send one line and read one line."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(json.dumps(request) + "\n")
        self.process.stdin.flush()
        reply: dict[str, Any] = json.loads(self.process.stdout.readline())
        return reply


@contextmanager
def forked_runs() -> Iterator[ForkedRuns]:
    """Start the process that forks runs; it has imported everything that they need."""
    command = [sys.executable, "-m", "tests.faults.forked_runs"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=_ROOT) as process:
        yield ForkedRuns(process)
        assert process.stdin is not None
        process.stdin.close()
