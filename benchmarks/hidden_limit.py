"""How fast a run finds a service's hidden limit of 12 concurrent calls, and how much of it the run uses.

    python -m benchmarks.hidden_limit                 # about five minutes; writes docs/hidden_limit.svg
    python -m benchmarks.hidden_limit --seconds 20    # each scenario shorter
    python -m benchmarks.hidden_limit --only four     # only scenarios with this word in their name, no plot

Three scenarios with real runs in separate processes: a client that finds the limit, a limit that falls to 6 and rises
again, and four processes that share the limit through Prefect. In parallel, a client that knows the limit uses a second
service, so that both run on the same machine at the same time. All figures come from the logs of the services.
"""

import argparse
import asyncio
import json
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

from benchmarks import svg_plot

LATENCY_S = 0.2
LIMIT = 12
SETTLED_S = 10.0
START_S = 60.0
"""The longest time that the processes of a scenario may take to start."""
PLOT = Path(__file__).parents[1] / "docs" / "hidden_limit.svg"
Log = list[tuple[float, int, int, str]]


@dataclass(frozen=True)
class Scenario:
    """One load pattern; `changes` maps fractions of the time to the limit from then on."""

    name: str
    pace: dict[str, Any]
    processes: int = 1
    changes: tuple[tuple[float, int], ...] = ()


KNOWING = Scenario("knows the limit", {"max_concurrency": LIMIT})
SCENARIOS = (
    Scenario("finds the limit", {"max_concurrency": "auto"}),
    Scenario("limit falls to 6 and rises again", {"max_concurrency": "auto"}, changes=((1 / 3, 6), (2 / 3, LIMIT))),
    Scenario("four processes share it", {"max_concurrency": LIMIT, "shared_limit": "hidden-limit"}, processes=4),
)


@dataclass
class Played:
    """The calls that the services received, in seconds since the scenario's first call."""

    scenario: Scenario
    log: Log
    knowing: Log


def work(url: str, seconds: float, pace: dict[str, Any], folder: Path) -> None:
    """Make a run in this process with enough rows for the given time; SIGTERM stops it."""
    from flows.tts import tts
    from voicemill.config import load_settings

    manifest = folder / "manifest.csv"
    rows = int(seconds / LATENCY_S * LIMIT * 1.5)
    lines = (f"r{number:06d},Utterance {number} of {folder.name}." for number in range(rows))
    manifest.write_text("\n".join(["id,transcript", *lines]) + "\n")
    settings = load_settings(service={"base_url": url}, pace=pace)
    asyncio.run(_run(tts, manifest, folder / "results", settings))


async def _run(flow: Any, manifest: Path, results: Path, settings: Any) -> None:
    await flow(str(manifest), str(results), settings, return_state=True)


@contextmanager
def service() -> Iterator[str]:
    """Run the fake service in a separate process; yields its base URL."""
    command = [sys.executable, "-m", "benchmarks.limited_cartesia", "--latency", str(LATENCY_S), "--limit", str(LIMIT)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        try:
            yield f"http://127.0.0.1:{int(process.stdout.readline())}"
        finally:
            process.kill()


def control(url: str, *, post: bool = False) -> Any:
    """Send a control request to the fake service."""
    request = urllib.request.Request(url, method="POST" if post else "GET", data=b"" if post else None)
    with urllib.request.urlopen(request, timeout=30) as answer:
        return json.loads(answer.read())


class Playing:
    """A service and the client processes that use it."""

    def __init__(self, scenario: Scenario, url: str, seconds: float, scratch: Path) -> None:
        self.scenario, self.url = scenario, url
        self._processes = [self._started(seconds, scratch / f"run{number}") for number in range(scenario.processes)]
        while not self.log():
            time.sleep(0.1)

    def log(self) -> Log:
        """The calls that the service has received, by this machine's clock."""
        return [(at_s, status, held, who) for at_s, status, held, who in control(f"{self.url}/log")]

    def stop(self) -> None:
        """Stop the processes."""
        for process in self._processes:
            process.terminate()
        said = [process.communicate()[1] for process in self._processes]
        if any(process.returncode for process in self._processes):
            raise RuntimeError(said[0])

    def _started(self, seconds: float, folder: Path) -> "subprocess.Popen[str]":
        folder.mkdir()
        command = [sys.executable, "-m", "benchmarks.hidden_limit", "--work", self.url, str(seconds),
                   json.dumps(self.scenario.pace), str(folder)]  # fmt: skip
        return subprocess.Popen(command, stderr=subprocess.PIPE, text=True)


@contextmanager
def playing(scenario: Scenario, seconds: float) -> Iterator[Playing]:
    """Start a scenario with enough rows for the given time; returns at its first call."""
    with service() as url, tempfile.TemporaryDirectory() as scratch:
        yield Playing(scenario, url, seconds, Path(scratch))


def play(scenario: Scenario, seconds: float) -> Played:
    """Run the scenario in parallel with a client that knows the limit."""
    with playing(KNOWING, seconds + START_S) as knowing, playing(scenario, seconds) as it:
        _wait_and_change(it.url, scenario, seconds)
        log, known = it.log(), knowing.log()
        it.stop()
        knowing.stop()
    began_s = log[0][0]
    since = [[(at_s - began_s, status, held, who) for at_s, status, held, who in each] for each in (log, known)]
    return Played(scenario, since[0], since[1])


def _wait_and_change(url: str, scenario: Scenario, seconds: float) -> None:
    """Wait for the scenario's duration and change the limit at the given times."""
    began_s = time.monotonic()
    for share, limit in (*scenario.changes, (1.0, LIMIT)):
        time.sleep(max(0.0, began_s + share * seconds - time.monotonic()))
        control(f"{url}/limit/{limit}", post=True)


def rate(log: Log, start_s: float, stop_s: float) -> float:
    """Successful responses per second within a time span."""
    return sum(status == 200 and start_s <= at_s < stop_s for at_s, status, *_ in log) / (stop_s - start_s)


def refused(log: Log, start_s: float, stop_s: float) -> float:
    """The share of 429 responses within a time span."""
    there = [status for at_s, status, *_ in log if start_s <= at_s < stop_s]
    return sum(status == 429 for status in there) / max(1, len(there))


def in_flight(log: Log, start_s: float, stop_s: float) -> float:
    """The average number of calls in flight at the service, sampled at each response."""
    held = [held for at_s, status, held, _ in log if status == 200 and start_s <= at_s < stop_s]
    return sum(held) / max(1, len(held))


def found_s(played: Played, start_s: float, limit: int) -> float:
    """The seconds until a full second reached 95 % of the limit's throughput with at most one 429."""
    ends = (start_s + tenth / 10 for tenth in range(10, int((played.log[-1][0] - start_s) * 10)))
    for end_s in ends:
        wanted = rate(played.knowing, end_s - 1, end_s) * limit / LIMIT
        too_many = sum(status == 429 and end_s - 1 <= at_s < end_s for at_s, status, *_ in played.log)
        if rate(played.log, end_s - 1, end_s) >= 0.95 * wanted and too_many <= 1:
            return end_s - start_s
    return float("inf")


def periods(scenario: Scenario, seconds: float) -> list[tuple[float, float, int]]:
    """The time spans between changes, with the limit in each."""
    edges = [(0.0, LIMIT), *((share * seconds, limit) for share, limit in scenario.changes), (seconds - 0.5, 0)]
    return [(start_s, stop_s, limit) for (start_s, limit), (stop_s, _) in pairwise(edges)]


def report(played: Played, seconds: float) -> None:
    """Print the figures of one scenario."""
    log = played.log
    print(f"\n{played.scenario.name}: {len(log)} calls")
    for converted_s, stop_s, limit in periods(played.scenario, seconds):
        start_s = converted_s + min(SETTLED_S, (stop_s - converted_s) / 2)
        gets, known = rate(log, start_s, stop_s), rate(played.knowing, start_s, stop_s) * limit / LIMIT
        print(f"  limit {limit:2} at {converted_s:.0f} s: found after {found_s(played, converted_s, limit):.1f} s; "
              f"{start_s:.0f}–{stop_s:.0f} s: {gets:.2f} calls/s, {gets / known:.3f} of the reference client, "
              f"{refused(log, start_s, stop_s):.2%} 429s, {in_flight(log, start_s, stop_s):.2f} in flight "
              f"(reference: {in_flight(played.knowing, start_s, stop_s):.2f})", flush=True)  # fmt: skip
    shares = Counter(who for at_s, status, _, who in log if status == 200 and at_s >= SETTLED_S)
    if played.scenario.processes > 1:
        least = min(shares.values()) * len(shares) / shares.total()
        print(f"  answers to each of {len(shares)} processes after {SETTLED_S:.0f} s: {sorted(shares.values())}, "
              f"the least is {least:.2f} of the mean")  # fmt: skip


def plot(played: Sequence[Played], seconds: float, path: Path) -> None:
    """Plot responses and refusals per second over time."""
    figure, axes = svg_plot.pyplot().subplots(
        len(played), 1, figsize=(10, 2.4 * len(played)), sharex=True, layout="constrained"
    )
    for axis, one in zip(axes, played, strict=True):
        scenario, log = one.scenario, one.log
        ticks = [tick / 2 for tick in range(2, int(seconds * 2))]
        axis.plot(ticks, [rate(one.knowing, tick - 1, tick) for tick in ticks], color="silver",
                  label="a client beside it that knows a limit of 12")  # fmt: skip
        axis.plot(ticks, [rate(log, tick - 1, tick) for tick in ticks], label="answers a second")
        axis.vlines([at_s for at_s, status, *_ in log if status == 429], 0, 5, colors="tab:red", label="429")
        edges = [(0.0, LIMIT), *((share * seconds, limit) for share, limit in scenario.changes), (seconds, LIMIT)]
        axis.step([edge for edge, _ in edges], [limit / LATENCY_S for _, limit in edges], where="post", color="grey",
                  linestyle=":", label="what the limit allows")  # fmt: skip
        axis.set_title(scenario.name, loc="left", fontsize="medium")
        axis.set_ylim(0, 1.15 * LIMIT / LATENCY_S)
    axes[0].legend(loc="lower right", ncols=4, fontsize="small")
    axes[-1].set_xlabel("seconds since the first answer")
    svg_plot.save(figure, path)


def main() -> None:
    """Run all scenarios, print their figures and plot them."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--work", nargs=4, metavar=("URL", "SECONDS", "PACE", "FOLDER"), help=argparse.SUPPRESS)
    parser.add_argument("--seconds", type=float, default=75.0)
    parser.add_argument("--only", default="", metavar="WORD")
    parser.add_argument("--plot", type=Path, default=PLOT)
    arguments = parser.parse_args()
    if arguments.work:
        url, seconds, pace, folder = arguments.work
        work(url, float(seconds), json.loads(pace), Path(folder))
        return
    from flows.prefect_server.ensure import ensure_server

    played: list[Played] = []
    with ensure_server() as lease:
        lease.wait_until_ready()
        for scenario in SCENARIOS:
            if arguments.only in scenario.name:
                played.append(play(scenario, arguments.seconds))
                report(played[-1], arguments.seconds)
    if not arguments.only:
        plot(played, arguments.seconds, arguments.plot)


if __name__ == "__main__":
    main()
