"""The embedded engine as a separate server, and the memory of its workers."""

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class ServedEngine:
    """A running engine: its base URL and its process."""

    url: str
    pid: int

    def forget_peaks(self) -> None:
        """Reset the peak memory that the kernel records for the workers."""
        for pid in descendants(self.pid):
            with suppress(OSError):
                Path(f"/proc/{pid}/clear_refs").write_text("5")

    def worker_peak_bytes(self) -> int:
        """The peak memory of any worker or synthesizer; 0 if the system does not report it."""
        return max((peak_bytes(pid) for pid in descendants(self.pid)), default=0)


@contextmanager
def served_engine(data: Path, *, keys: str = "") -> Iterator[ServedEngine]:
    """Run `voicemill engine serve` on a free port; user-created voices are stored under `data`."""
    environment = os.environ | {"VOICEMILL_ENGINE_KEYS": keys, "XDG_DATA_HOME": str(data)}
    command = [str(Path(sys.executable).with_name("voicemill")), "engine", "serve", "--port", "0"]
    process = subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True)
    assert process.stderr is not None
    try:
        place = re.search(r"http://\S+:\d+", process.stderr.readline())
        if place is None:
            raise RuntimeError(f"the engine did not start: {process.stderr.read()}")
        yield ServedEngine(place[0], process.pid)
    finally:
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=30)


def descendants(pid: int) -> list[int]:
    """All descendants of a process."""
    found: list[int] = []
    for tasks in Path(f"/proc/{pid}/task").glob("*/children"):
        with suppress(OSError):
            for child in map(int, tasks.read_text().split()):
                found += [child, *descendants(child)]
    return found


def peak_bytes(pid: int) -> int:
    """The peak resident memory of a process; 0 if it has exited."""
    try:
        status = Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return 0
    return next((int(line.split()[1]) << 10 for line in status.splitlines() if line.startswith("VmHWM:")), 0)


def cpu_s(pid: int) -> float:
    """The CPU seconds of a process and of the children that it has waited for; 0 if it has exited."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0
    return sum(map(int, fields[11:15])) / os.sysconf("SC_CLK_TCK")
