"""A service with a hidden limit of 12 calls at once: how soon a run finds it, and what it gets out of it.

    python -m benchmarks.hidden_limit                 # about five minutes; writes docs/hidden_limit.svg
    python -m benchmarks.hidden_limit --seconds 20    # each scenario shorter

Four scenarios, each by real runs in processes of their own: a client that knows the limit, one that finds it, one whose
limit falls to 6 and rises again, and four processes that share it through Prefect. The service's own log is the truth.
"""

import argparse
import asyncio
import json
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

LATENCY_S = 0.2
LIMIT = 12
SETTLED_S = 10.0
PLOT = Path(__file__).parents[1] / "docs" / "hidden_limit.svg"
Log = list[tuple[float, int, int]]


@dataclass(frozen=True)
class Scenario:
    """One way of asking: `changes` are limits by the share of the time at which they begin."""

    name: str
    pace: dict[str, Any]
    processes: int = 1
    changes: tuple[tuple[float, int], ...] = ()


SCENARIOS = (
    Scenario("knows the limit", {"max_concurrency": LIMIT}),
    Scenario("finds the limit", {"max_concurrency": "auto"}),
    Scenario("limit falls to 6 and rises again", {"max_concurrency": "auto"}, changes=((1 / 3, 6), (2 / 3, LIMIT))),
    Scenario("four processes share it", {"max_concurrency": LIMIT, "shared_limit": "hidden-limit"}, processes=4),
)


def work(url: str, seconds: float, pace: dict[str, Any], folder: Path) -> dict[str, Any]:
    """One run, in this process, with more than enough to do for so many seconds; SIGTERM ends it."""
    from flows.tts import tts
    from voicemill.config import load_settings

    manifest = folder / "manifest.csv"
    rows = int(seconds / LATENCY_S * LIMIT * 1.5)
    lines = (f"r{number:06d},Utterance {number} of {folder.name}." for number in range(rows))
    manifest.write_text("\n".join(["id,transcript", *lines]) + "\n")
    settings = load_settings(service={"base_url": url}, pace=pace)
    state = asyncio.run(_run(tts, manifest, folder / "results", settings))
    summary: Any = asyncio.run(state.aresult(raise_on_failure=False))
    return {"done": summary.rows["done"], "failed": summary.rows["failed"], "calls": summary.calls_made}


async def _run(flow: Any, manifest: Path, results: Path, settings: Any) -> Any:
    return await flow(str(manifest), str(results), settings, return_state=True)


@contextmanager
def service() -> Iterator[str]:
    """The fake service in a process of its own; yields its base URL."""
    command = [sys.executable, "-m", "benchmarks.limited_cartesia", "--latency", str(LATENCY_S), "--limit", str(LIMIT)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        try:
            yield f"http://127.0.0.1:{int(process.stdout.readline())}"
        finally:
            process.kill()


def ask(url: str, *, post: bool = False) -> Any:
    """Ask the fake service for something of its own."""
    request = urllib.request.Request(url, method="POST" if post else "GET", data=b"" if post else None)
    with urllib.request.urlopen(request, timeout=30) as answer:
        return json.loads(answer.read())


def play(scenario: Scenario, seconds: float) -> tuple[Log, list[dict[str, Any]]]:
    """Let it happen; the service's log, counted from its first call, and what each process says."""
    with service() as url, tempfile.TemporaryDirectory() as scratch:
        folders = [Path(scratch) / f"run{number}" for number in range(scenario.processes)]
        processes = []
        for folder in folders:
            folder.mkdir()
            command = [sys.executable, "-m", "benchmarks.hidden_limit", "--work", url, str(seconds),
                       json.dumps(scenario.pace), str(folder)]  # fmt: skip
            processes.append(subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True))
        _wait_and_change(url, scenario, seconds)
        for process in processes:
            process.terminate()
        said = [process.communicate() for process in processes]
        if any(process.returncode for process in processes):
            raise RuntimeError(said[0][1])
        log = ask(f"{url}/log")
    began_s = log[0][0]
    return [(at_s - began_s, status, held) for at_s, status, held in log], [json.loads(out) for out, _ in said]


def _wait_and_change(url: str, scenario: Scenario, seconds: float) -> None:
    """Let time pass from the first call on, and change the limit in between."""
    while not ask(f"{url}/log"):
        time.sleep(0.1)
    began_s = time.monotonic()
    for share, limit in (*scenario.changes, (1.0, LIMIT)):
        time.sleep(max(0.0, began_s + share * seconds - time.monotonic()))
        ask(f"{url}/limit/{limit}", post=True)


def rate(log: Log, start_s: float, stop_s: float) -> float:
    """Good answers a second within a stretch of time."""
    return sum(status == 200 and start_s <= at_s < stop_s for at_s, status, _ in log) / (stop_s - start_s)


def refused(log: Log, start_s: float, stop_s: float) -> float:
    """The share of 429s within a stretch of time."""
    there = [status for at_s, status, _ in log if start_s <= at_s < stop_s]
    return sum(status == 429 for status in there) / max(1, len(there))


def found_s(log: Log, wanted: float) -> float:
    """After how many seconds a whole second had 0.95 of the wanted rate for the first time."""
    ends = (tenth / 10 for tenth in range(10, int(log[-1][0] * 10)))
    return next((end_s for end_s in ends if rate(log, end_s - 1, end_s) >= 0.95 * wanted), float("inf"))


def stretches(scenario: Scenario, seconds: float) -> list[tuple[float, float, int]]:
    """The stretches in which it should have settled, and the limit in each."""
    edges = [(0.0, LIMIT), *((share * seconds, limit) for share, limit in scenario.changes), (seconds, 0)]
    return [
        (start_s + min(SETTLED_S, (stop_s - start_s) / 2), stop_s - 0.5, limit)
        for (start_s, limit), (stop_s, _) in pairwise(edges)
    ]


def tell(scenario: Scenario, log: Log, said: list[dict[str, Any]], seconds: float, known: float) -> None:
    """Print the figures of one scenario; `known` is what a client that knows a limit of 12 gets a second."""
    print(f"\n{scenario.name}: {len(log)} calls")
    print(f"  0.95 of the rate after {found_s(log, known):.1f} s")
    for start_s, stop_s, limit in stretches(scenario, seconds):
        gets = rate(log, start_s, stop_s)
        share = gets / (known * limit / LIMIT)
        print(f"  {start_s:5.1f}–{stop_s:5.1f} s, limit {limit:2}: {gets:6.2f} calls/s, {share:.3f} of who knows it, "
              f"{refused(log, start_s, stop_s):.2%} 429s")  # fmt: skip
    if len(said) > 1:
        done = sorted(process["done"] for process in said)
        mean = sum(done) / len(done)
        print(f"  rows done by each process: {done}, the least is {done[0] / max(1.0, mean):.2f} of the mean")


def plot(played: Sequence[tuple[Scenario, Log]], seconds: float, path: Path) -> None:
    """Draw answers and refusals a second over time."""
    import matplotlib as mpl

    mpl.use("svg")
    mpl.rcParams["svg.hashsalt"] = "voicemill"
    from matplotlib import pyplot as plt

    figure, axes = plt.subplots(len(played), 1, figsize=(9, 2.2 * len(played)), sharex=True, layout="constrained")
    for axis, (scenario, log) in zip(axes, played, strict=True):
        ticks = [tick / 2 for tick in range(2, int(seconds * 2))]
        axis.plot(ticks, [rate(log, tick - 1, tick) for tick in ticks], label="answers a second")
        axis.vlines([at_s for at_s, status, _ in log if status == 429], 0, 5, colors="tab:red", label="429")
        edges = [(0.0, LIMIT), *((share * seconds, limit) for share, limit in scenario.changes), (seconds, LIMIT)]
        axis.step([edge for edge, _ in edges], [limit / LATENCY_S for _, limit in edges], where="post", color="grey",
                  linestyle=":", label="what the limit allows")  # fmt: skip
        axis.set_title(scenario.name, loc="left", fontsize="medium")
        axis.set_ylim(0, 1.15 * LIMIT / LATENCY_S)
    axes[0].legend(loc="lower right", ncols=3, fontsize="small")
    axes[-1].set_xlabel("seconds since the first answer")
    figure.savefig(path, metadata={"Date": None})


def main() -> None:
    """Play all scenarios, print their figures, draw them."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--work", nargs=4, metavar=("URL", "SECONDS", "PACE", "FOLDER"), help=argparse.SUPPRESS)
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--plot", type=Path, default=PLOT)
    arguments = parser.parse_args()
    if arguments.work:
        url, seconds, pace, folder = arguments.work
        print(json.dumps(work(url, float(seconds), json.loads(pace), Path(folder))))
        return
    from flows.prefect_server import ensure_server

    played: list[tuple[Scenario, Log]] = []
    known = 0.0
    with ensure_server() as lease:
        lease.wait_until_ready()
        for scenario in SCENARIOS:
            log, said = play(scenario, arguments.seconds)
            known = known or rate(log, SETTLED_S if arguments.seconds > 2 * SETTLED_S else 2.0, arguments.seconds - 0.5)
            tell(scenario, log, said, arguments.seconds, known)
            played.append((scenario, log))
    plot(played, arguments.seconds, arguments.plot)


if __name__ == "__main__":
    main()
