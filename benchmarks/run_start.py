"""Time and CPU from `voicemill run` to its first call, and of a rerun of a finished run.

    python -m benchmarks.run_start                   # medians of five interleaved rounds
    python -m benchmarks.run_start --rounds 1

A local service notes when the first call arrives. For comparison: the same for the first task of an empty Prefect
flow. The Prefect server runs already, except for "cold". CPU is that of the command's process, up to the first call;
for a rerun, up to its end. Requires Linux.
"""

import argparse
import asyncio
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
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
    """A service that notes when the first POST request of a command arrives, and the command's CPU time until then."""

    def __init__(self) -> None:
        self.base_url = ""
        self.at_s = self.cpu_s = 0.0
        self._pid = 0
        self._speech, self._voices = speech_response(AUDIO_BYTES, SAMPLE_RATE_HZ), voices_response()

    def watch(self, pid: int) -> None:
        """Wait for the first request of the process `pid`."""
        self._pid = pid

    def answer(self, head: bytes, transport: asyncio.Transport) -> None:
        """Respond to a request."""
        if self._pid and head.startswith(b"post"):
            self.at_s, self.cpu_s, self._pid = time.monotonic(), cpu_s(self._pid), 0
        transport.write(self._voices if head.startswith(b"get") else self._speech)


class _Recorded(Connection):
    def __init__(self, service: FirstCall) -> None:
        super().__init__()
        self._service = service

    def answer(self, head: bytes, body: bytes) -> None:
        self._service.answer(head, self.transport)


@contextmanager
def recording_service() -> Iterator[FirstCall]:
    """Serve in a thread. One service for all commands: its address is part of the keys of answers."""
    loop, service = asyncio.new_event_loop(), FirstCall()
    server = loop.run_until_complete(loop.create_server(lambda: _Recorded(service), "127.0.0.1", 0))
    service.base_url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    yield service
    loop.call_soon_threadsafe(loop.stop)
    thread.join()


@dataclass(frozen=True, slots=True)
class Commands:
    """Starts commands in `folder`, with Prefect's files in `home`, against `service`."""

    folder: Path
    home: Path
    service: FirstCall

    def to_first_call(self, *command: str) -> tuple[float, float]:
        """The seconds and CPU seconds from the start of a command to its first call."""
        started_s = time.monotonic()
        process = self._started(command)
        self.service.watch(process.pid)
        _, errors = process.communicate()
        if process.returncode:
            sys.exit(errors)
        return self.service.at_s - started_s, self.service.cpu_s

    def to_exit(self, *command: str) -> tuple[float, float]:
        """The seconds and CPU seconds of a command and its child processes."""
        started_s, before = time.monotonic(), resource.getrusage(resource.RUSAGE_CHILDREN)
        process = self._started(command)
        _, errors = process.communicate()
        if process.returncode:
            sys.exit(errors)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        spent_s = after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime
        return time.monotonic() - started_s, spent_s

    def _started(self, command: tuple[str, ...]) -> "subprocess.Popen[str]":
        return subprocess.Popen(
            command,
            cwd=self.folder,
            env=environment(self.home, CARTESIA_BASE_URL=self.service.base_url),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )


def measure(commands: Commands, rounds: int) -> Costs:
    """The costs of each variant per round; the rounds are interleaved."""
    costs: Costs = defaultdict(list)
    _write_manifest(commands.folder, 2)
    commands.to_exit(*VOICEMILL, "first")
    for number in range(rounds):
        costs["cold: run to first call"].append(commands.to_first_call(*VOICEMILL, f"cold-{number}"))
        with held_server(commands.home):
            costs["empty flow to first task"].append(commands.to_first_call(sys.executable, "-c", EMPTY_FLOW))
            costs["run to first call"].append(commands.to_first_call(*VOICEMILL, f"warm-{number}"))
    with held_server(commands.home):
        _write_manifest(commands.folder, RERUN_ROWS)
        commands.to_exit(*VOICEMILL, "finished")
        for _ in range(rounds):
            costs[f"rerun of {RERUN_ROWS:,} rows"].append(commands.to_exit(*VOICEMILL, "finished"))
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
    with tempfile.TemporaryDirectory() as folder, recording_service() as service:
        report(measure(Commands(Path(folder), Path(folder) / "prefect", service), rounds))


if __name__ == "__main__":
    main()
