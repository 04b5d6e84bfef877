"""Runs in forked processes, as tests start, kill and await them."""

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
_OF_A_TEST = ("CARTESIA_API_KEY", "CARTESIA_BASE_URL")


@dataclass(frozen=True, slots=True)
class Ended:
    """How a run ended, and the fault points that it passed, where it was told to count them."""

    code: int
    passed: Sequence[str]
    stderr: str


@dataclass
class Run:
    """A run under way."""

    pid: int
    folder: Path
    _starter: "ForkedRuns"
    _ended: Ended | None = None

    @property
    def is_over(self) -> bool:
        """Whether it has ended, though nobody has waited for it yet."""
        if self._ended is not None:
            return True
        with suppress(FileNotFoundError):
            return Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
        return True

    def kill(self, number: int = signal.SIGKILL) -> None:
        """Send it a signal."""
        if self._ended is None:
            os.kill(self.pid, number)

    def wait(self) -> Ended:
        """Wait for its end."""
        if self._ended is None:
            answer = self._starter.ask({"wait": self.pid})
            said = self.folder / "stderr.log"
            self._ended = Ended(answer["code"], answer["passed"], said.read_text() if said.exists() else "")
        return self._ended


@dataclass
class ForkedRuns:
    """Starts runs, as many at once as a test wants."""

    process: "subprocess.Popen[str]"
    started: int = field(default=0)

    def start(self, folder: Path, *arguments: str | Path, plain: bool = True, crash_at: int | None = None) -> Run:
        """A run in `folder`; `crash_at` counts its fault points and ends it at that one, if it comes so far."""
        wanted = {
            "arguments": list(map(str, arguments)),
            "plain": plain,
            "crash_at": crash_at,
            "folder": str(folder),
            "environment": {name: os.environ[name] for name in _OF_A_TEST},
        }
        self.started += 1
        return Run(self.ask(wanted)["pid"], folder, self)

    def run(self, folder: Path, *arguments: str | Path, plain: bool = True, crash_at: int | None = None) -> Ended:
        """A run, to its end."""
        return self.start(folder, *arguments, plain=plain, crash_at=crash_at).wait()

    def ask(self, wanted: dict[str, Any]) -> dict[str, Any]:
        """One line there, one line back."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(json.dumps(wanted) + "\n")
        self.process.stdin.flush()
        answer: dict[str, Any] = json.loads(self.process.stdout.readline())
        return answer


@contextmanager
def forked_runs() -> Iterator[ForkedRuns]:
    """The process that runs are forked from; it has imported all that they need."""
    command = [sys.executable, "-m", "tests.faults.forked_runs"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=_ROOT) as process:
        yield ForkedRuns(process)
        assert process.stdin is not None
        process.stdin.close()
