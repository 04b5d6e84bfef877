"""A deadline that counts the work of a process: a slow process on a busy machine is not late."""

import os
import time
from pathlib import Path

_LEAST_SHARE = 0.05
"""The share of a core that a working process gets at least; one that gets less counts as stuck."""


class WorkDeadline:
    """The deadline of a process for its next sign of progress.

    The process is late once it has used `timeout_s` of CPU time, its children included. One that uses less than a
    twentieth of a core is late after `timeout_s` of wall time: it waits for something that does not happen. Without
    `/proc`, wall time counts.
    """

    def __init__(self, pid: int, timeout_s: float) -> None:
        self._pid = pid
        self._timeout_s = timeout_s
        self.restart()

    def restart(self) -> None:
        """The process made progress: it gets its whole time again."""
        self._since_s = time.monotonic()
        self._cpu_before_s = cpu_time_s(self._pid)

    @property
    def is_over(self) -> bool:
        """Whether the process is late."""
        worked_s = max(0.0, cpu_time_s(self._pid) - self._cpu_before_s)
        waited_s = time.monotonic() - self._since_s
        return worked_s > self._timeout_s or waited_s > self._timeout_s + worked_s / _LEAST_SHARE


def cpu_time_s(pid: int) -> float:
    """The CPU time of a process and its descendants, in seconds; 0 where it is not known."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        children = [int(child) for path in Path(f"/proc/{pid}/task").glob("*/children") for child in _words(path)]
    except (OSError, ValueError):
        return 0.0
    own_ticks = sum(map(int, fields[11:15]))  # user and system time, and that of children that have exited
    return own_ticks / os.sysconf("SC_CLK_TCK") + sum(map(cpu_time_s, children))


def _words(path: Path) -> list[str]:
    return path.read_text().split()
