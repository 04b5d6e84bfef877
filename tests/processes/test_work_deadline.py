"""The deadline of a worker process: what counts is its work, not its waiting for the CPU."""

import os
import subprocess
import sys

import pytest

from voicemill.processes import work_deadline
from voicemill.processes.work_deadline import WorkDeadline, cpu_time_s


@pytest.mark.parametrize(
    ("wall_s", "cpu_s", "is_over"),
    [(9.0, 0.0, False), (11.0, 0.0, True), (11.0, 0.1, False), (100.0, 9.0, False), (15.0, 11.0, True)],
    ids=["young", "stuck", "slow start", "slow machine", "too much work"],
)
def test_deadline_counts_work(monkeypatch: pytest.MonkeyPatch, wall_s: float, cpu_s: float, is_over: bool) -> None:
    """A process on a slow machine is not late; one that is stuck, or has worked for its whole time, is."""
    clocks = {"wall": 50.0, "cpu": 7.0}
    monkeypatch.setattr("time.monotonic", lambda: clocks["wall"])
    monkeypatch.setattr(work_deadline, "cpu_time_s", lambda _pid: clocks["cpu"])
    deadline = WorkDeadline(1, timeout_s=10.0)
    clocks |= {"wall": 50.0 + wall_s, "cpu": 7.0 + cpu_s}
    assert deadline.is_over == is_over
    deadline.restart()
    assert not deadline.is_over


def test_cpu_time_includes_children() -> None:
    """The CPU time of a process includes that of a child that is running; without the process it is 0."""
    spin = "t = __import__('time').process_time\nwhile t() < 0.1: pass\nprint(flush=True); input()"
    child = subprocess.Popen([sys.executable, "-c", spin], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert child.stdout is not None
    child.stdout.readline()
    assert 0.05 < cpu_time_s(child.pid) < cpu_time_s(os.getpid())
    child.communicate(b"\n")
    assert cpu_time_s(child.pid) == 0.0
