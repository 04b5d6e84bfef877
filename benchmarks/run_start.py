"""Time and CPU from `voicemill run` to its first call, and of a rerun of a finished run.

    python -m benchmarks.run_start                   # medians of five interleaved rounds
    python -m benchmarks.run_start --rounds 1

A local service notes when the first call arrives. For comparison: the same for the first task of an empty Prefect
flow. "Warm" is with a Prefect server that runs already, "cold" without one. CPU is that of the command's process, up
to the first call; for a rerun, up to its end. Requires Linux.
"""

import argparse
import asyncio
import os
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks.fake_cartesia import AUDIO_BYTES, SAMPLE_RATE_HZ, Connection, speech_response, voices_response
from benchmarks.prefect_start import cpu_s, environment, held_server

RERUN_ROWS = 1000
VOICEMILL = (sys.executable, "-m", "voicemill", "run", "manifest.csv", "-o")
EMPTY_FLOW = """
import asyncio, os
from flows.prefect_server.ensure import ensure_server
with ensure_server() as lease:
    from prefect import flow, task
    from urllib.request import urlopen

    @task
    async def first():
        await asyncio.to_thread(urlopen, os.environ["CARTESIA_BASE_URL"], b"{}")

    @flow
    async def empty():
        await first()

    lease.wait_until_ready()
    asyncio.run(empty())
"""

Costs = dict[str, list[tuple[float, float]]]
"""Seconds and CPU seconds by variant, one pair for each round."""


class FirstCall:
    """A service whose first POST request records the time, and the CPU time of the process `pid`, if that is set."""

    def __init__(self) -> None:
        self.pid = 0
        self.at_s = self.cpu_s = 0.0
        self._speech, self._voices = speech_response(AUDIO_BYTES, SAMPLE_RATE_HZ), voices_response()

    def answer(self, head: bytes, transport: asyncio.Transport) -> None:
        """Respond to a request."""
        if head.startswith(b"post") and self.pid and not self.at_s:
            self.at_s, self.cpu_s = time.monotonic(), cpu_s(self.pid)
        transport.write(self._voices if head.startswith(b"get") else self._speech)


class _Recorded(Connection):
    def __init__(self, service: FirstCall) -> None:
        super().__init__()
        self._service = service

    def answer(self, head: bytes, body: bytes) -> None:
        self._service.answer(head, self.transport)


@contextmanager
def recording_service(service: FirstCall) -> Iterator[str]:
    """Serve in a thread; yields the base URL."""
    loop = asyncio.new_event_loop()
    server = loop.run_until_complete(loop.create_server(lambda: _Recorded(service), "127.0.0.1", 0))
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    loop.call_soon_threadsafe(loop.stop)
    thread.join()


def to_first_call(command: tuple[str, ...], folder: Path, home: Path) -> tuple[float, float]:
    """The seconds and CPU seconds from the start of a command to its first call."""
    service = FirstCall()
    with recording_service(service) as base_url:
        started_s = time.monotonic()
        process = _started(command, folder, home, base_url)
        service.pid = process.pid
        _, errors = process.communicate()
    if process.returncode:
        sys.exit(errors)
    return service.at_s - started_s, service.cpu_s


def to_exit(command: tuple[str, ...], folder: Path, home: Path) -> tuple[float, float]:
    """The seconds and CPU seconds of a command."""
    with recording_service(FirstCall()) as base_url:
        started_s = time.monotonic()
        process = _started(command, folder, home, base_url)
        _, code, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(code)
    if process.returncode:
        sys.exit(f"{command} exited with {process.returncode}")
    return time.monotonic() - started_s, used.ru_utime + used.ru_stime


def _started(command: tuple[str, ...], folder: Path, home: Path, base_url: str) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        command,
        cwd=folder,
        env=environment(home, CARTESIA_BASE_URL=base_url),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )


def measure(folder: Path, rounds: int) -> Costs:
    """The costs of each variant per round; the rounds are interleaved."""
    costs: Costs = defaultdict(list)
    home = folder / "prefect"
    _write_manifest(folder, 2)
    to_first_call((*VOICEMILL, "first"), folder, home)
    for number in range(rounds):
        costs["cold: run to first call"].append(to_first_call((*VOICEMILL, f"cold-{number}"), folder, home))
        with held_server(home):
            costs["empty flow to first task"].append(to_first_call((sys.executable, "-c", EMPTY_FLOW), folder, home))
            costs["run to first call"].append(to_first_call((*VOICEMILL, f"warm-{number}"), folder, home))
    with held_server(home):
        _write_manifest(folder, RERUN_ROWS)
        to_exit((*VOICEMILL, "finished"), folder, home)
        for _ in range(rounds):
            costs[f"rerun of {RERUN_ROWS:,} rows"].append(to_exit((*VOICEMILL, "finished"), folder, home))
    return costs


def _write_manifest(folder: Path, rows: int) -> None:
    lines = (f"r{number:04d},Utterance number {number}." for number in range(rows))
    (folder / "manifest.csv").write_text("\n".join(["id,transcript", *lines]) + "\n", encoding="utf-8")


def report(costs: Costs) -> None:
    """Print medians, with minimum and maximum in brackets."""
    print(f"{'':28}{'seconds':>20}{'CPU s':>20}")
    for way, of_way in costs.items():
        columns = [
            f"{statistics.median(values):.2f} [{min(values):.2f}–{max(values):.2f}]"
            for values in zip(*of_way, strict=True)
        ]
        print(f"{way:28}" + "".join(f"{column:>20}" for column in columns))


def main() -> None:
    """Measure all variants and print the results."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    rounds = parser.parse_args().rounds
    print(f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}")
    with tempfile.TemporaryDirectory() as folder:
        report(measure(Path(folder), rounds))


if __name__ == "__main__":
    main()
