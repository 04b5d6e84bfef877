"""Startup cost of a no-op Prefect flow: with Prefect's defaults, and with the shared server.

    python -m benchmarks.prefect_start               # medians of five interleaved rounds
    python -m benchmarks.prefect_start --rounds 1

CPU is the user and system time of all processes, including the server until it exits (for a warm server: while the
command ran). The time to the first task counts from the start of the command to the task's body. Requires Linux.
"""

import argparse
import ctypes
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from importlib.util import cache_from_source
from pathlib import Path

import prefect

ROOT = Path(__file__).parents[1]
PR_SET_CHILD_SUBREAPER = 36

NOOP_FLOW = """
import asyncio, os, sys, time
from prefect import flow, task

@task
async def first():
    sys.stdout.write(f"{time.time() - float(os.environ['STARTED_AT'])}\\n")

@flow
async def noop():
    await first()
"""
OUT_OF_THE_BOX = NOOP_FLOW + "asyncio.run(noop())"
OURS = f"""
from flows.prefect_server.ensure import ensure_server
with ensure_server() as lease:
{"".join(f"    {line}" for line in NOOP_FLOW.splitlines(keepends=True))}
    lease.wait_until_ready()
    asyncio.run(noop())
"""
HOLD_A_SERVER = """
import sys
from flows.prefect_server.ensure import ensure_server
with ensure_server() as lease:
    lease.wait_until_ready()
    sys.stdout.write("ready\\n")
    sys.stdout.flush()
    sys.stdin.read()
"""


@dataclass(frozen=True, slots=True)
class Cost:
    """The seconds that a command took, and the number of lines that Prefect printed."""

    wall_s: float
    first_task_s: float
    cpu_s: float
    stray_lines: int


def environment(home: Path, **more: str) -> dict[str, str]:
    """The environment without Prefect or voicemill settings, except the timeout of a first start."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PREFECT_", "VOICEMILL_"))}
    patience = {"PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS": "300", "VOICEMILL_PREFECT_IDLE_S": "1"}
    return kept | patience | {"PYTHONPATH": str(ROOT), "PREFECT_HOME": str(home)} | more


def cost_of(script: str, home: Path, server: int | None = None) -> Cost:
    """Run a script and wait for every process that it leaves behind, except `server`, whose CPU time is added."""
    server_before_s = cpu_s(server) if server else 0.0
    started_at = time.time()
    process = subprocess.Popen(
        [sys.executable, "-c", script],
        env=environment(home, STARTED_AT=repr(started_at)),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert process.stdout is not None
    said = process.stdout.read().splitlines()
    _, code, used = os.wait4(process.pid, 0)
    wall_s = time.time() - started_at
    process.returncode = os.waitstatus_to_exitcode(code)
    if process.returncode:
        sys.exit("\n".join(said))
    spent_s = used.ru_utime + used.ru_stime + (cpu_s(server) - server_before_s if server else cpu_of_orphans_s())
    (first_task,) = [line for line in said if line.replace(".", "", 1).isdigit()]
    return Cost(wall_s, float(first_task), spent_s, len(said) - 1)


def cpu_s(process: int) -> float:
    """The CPU time of a running process."""
    fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def cpu_of_orphans_s() -> float:
    """Wait for the processes that a command left behind and return their CPU time."""
    spent_s = 0.0
    with suppress(ChildProcessError):
        while True:
            _, _, used = os.wait3(0)
            spent_s += used.ru_utime + used.ru_stime
    return spent_s


@contextmanager
def held_server(home: Path) -> Iterator[int]:
    """Keep a server running during the block; yields the id of the process that holds it."""
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLD_A_SERVER],
        env=environment(home, VOICEMILL_PREFECT_IDLE_S="0"),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert holder.stdout is not None
    holder.stdout.readline()
    try:
        yield holder.pid
    finally:
        holder.communicate("")


@contextmanager
def warm_server(home: Path) -> Iterator[int]:
    """Keep a server running during the block; yields its process id."""
    with held_server(home) as holder:
        (server,) = set(children()) - {holder}
        yield server
    cpu_of_orphans_s()


def children() -> list[int]:
    """The children of this process, including adopted ones."""
    return [int(pid) for pid in Path(f"/proc/self/task/{os.getpid()}/children").read_text().split()]


def measure(folder: Path, rounds: int) -> dict[str, list[Cost]]:
    """The costs of each variant per round; the rounds are interleaved."""
    costs: defaultdict[str, list[Cost]] = defaultdict(list)
    theirs, ours = folder / "theirs", folder / "ours"
    cost_of(OUT_OF_THE_BOX, theirs)
    cost_of(OURS, ours)
    for number in range(rounds):
        costs["first ever, Prefect"].append(cost_of(OUT_OF_THE_BOX, folder / f"theirs-{number}"))
        costs["first ever, ours"].append(cost_of(OURS, folder / f"ours-{number}"))
        costs["cold, Prefect"].append(cost_of(OUT_OF_THE_BOX, theirs))
        costs["cold, ours"].append(cost_of(OURS, ours))
        with warm_server(ours) as server:
            costs["warm, ours"].append(cost_of(OURS, ours, server))
    return costs


def report(costs: dict[str, list[Cost]]) -> None:
    """Medians, with minimum and maximum in brackets."""
    print(f"{'':22}{'wall s':>20}{'first task s':>20}{'CPU s':>20}{'stray lines':>14}")
    for way, of_way in costs.items():
        columns = [
            f"{statistics.median(values):.1f} [{min(values):.1f}–{max(values):.1f}]"
            for values in zip(*((cost.wall_s, cost.first_task_s, cost.cpu_s) for cost in of_way), strict=True)
        ]
        print(f"{way:22}" + "".join(f"{column:>20}" for column in columns) + f"{of_way[-1].stray_lines:>14}")


def main() -> None:
    """Measure all variants and print the results."""
    parser = argparse.ArgumentParser(description="What it costs to start")
    parser.add_argument("--rounds", type=int, default=5)
    rounds = parser.parse_args().rounds
    ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    compiled = Path(cache_from_source(prefect.__file__)).exists()
    print(f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}, bytecode {'there' if compiled else 'missing'}")
    with tempfile.TemporaryDirectory() as folder:
        report(measure(Path(folder), rounds))


if __name__ == "__main__":
    main()
