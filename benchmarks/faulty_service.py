"""A run over a service that injects every kind of fault into 28 % of its responses, beside one without faults.

    python -m benchmarks.faulty_service               # two to four minutes
    python -m benchmarks.faulty_service --rows 500    # shorter
    python -m benchmarks.faulty_service --publish     # also write benchmarks/faulty_service.json

Makes two real runs of the same rows at the same time: one uses the fault injector of `tests/faults/network_faults.py`,
the other the same service without faults. Durations are measured by the services, from the first call to the last. The
outcome of each row and every byte of each finished file are verified.
"""

import argparse
import asyncio
import json
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

LATENCY_S = 0.2
SHARE = 0.28
SLOTS = 12
ATTEMPTS = 6
SEED = 20_261_125


def serve(share: float) -> None:
    """Serve until stdin ends: the port as the first line, at the end the calls made and the faults injected."""
    from tests.faults.network_faults import FaultInjector
    from tests.hostile_server import Call, HostileServer, Reply
    from tests.hostile_speech import Speaker

    injector, polite = FaultInjector(SEED, share, permanent_share=0.0, latency_s=LATENCY_S), Speaker()

    def script(call: Call) -> Reply:
        return injector(call) if call.path.startswith("/tts/") else polite(call)

    with HostileServer(script) as server:
        print(server.port, flush=True)
        sys.stdin.read()
        calls = [call for call in server.calls if call.path.startswith("/tts/")]
    began_s, ended_s = calls[0].started_s, max(call.ended_s or 0.0 for call in calls)
    most = max(Counter(call.transcript for call in calls).values())
    report = {"seconds": ended_s - began_s, "calls": len(calls), "most": most, "injected": injector.injected}
    print(json.dumps(report), flush=True)


def work(url: str, manifest: Path, results: Path) -> None:
    """Make a complete run in this process."""
    from flows.tts import tts
    from voicemill.config import load_settings

    pace = {"max_concurrency": SLOTS, "attempts": ATTEMPTS}
    settings = load_settings(service={"base_url": url}, pace=pace)
    asyncio.run(_run(tts, manifest, results, settings))


async def _run(flow: Callable[..., Any], manifest: Path, results: Path, settings: object) -> None:
    await flow(str(manifest), str(results), settings, return_state=True)


@dataclass
class Side:
    """One of the two runs and its service."""

    url: str
    service: "subprocess.Popen[str]"
    run: "subprocess.Popen[str]"
    results: Path

    def ended(self) -> dict[str, Any]:
        """Wait for the run and return its service's report."""
        said = self.run.communicate()[1]
        if self.run.returncode:
            raise RuntimeError(said)
        report: dict[str, Any] = json.loads(self.service.communicate()[0])
        return report


@contextmanager
def side(share: float, manifest: Path, results: Path) -> Iterator[Side]:
    """Start a run against a service with this share of faulty responses."""
    command = [sys.executable, "-m", "benchmarks.faulty_service"]
    pipe = subprocess.PIPE
    with subprocess.Popen([*command, "--serve", str(share)], stdin=pipe, stdout=pipe, text=True) as service:
        assert service.stdout
        url = f"http://127.0.0.1:{int(service.stdout.readline())}"
        working = [*command, "--work", url, str(manifest), str(results)]
        with subprocess.Popen(working, stderr=pipe, text=True) as run:
            try:
                yield Side(url, service, run, results)
            finally:
                run.kill()
                service.kill()


def rows_ended(texts: dict[str, str], results: Path) -> Counter[str]:
    """The number of rows by status; a finished row with a wrong file counts as `wrong`."""
    from tests.hostile_speech import speech_for
    from voicemill.store.tables.items_table import read_items

    ended: Counter[str] = Counter()
    for item in read_items([results / "items.parquet"]):
        is_wrong = item["status"] == "done" and (
            (results / item["file_name"]).read_bytes() != speech_for(texts[item["id"]])
        )
        ended["wrong" if is_wrong else item["status"]] += 1
    return ended


def main() -> None:
    """Make both runs and print their figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--serve", type=float, help=argparse.SUPPRESS)
    parser.add_argument("--work", nargs=3, metavar=("URL", "MANIFEST", "RESULTS"), help=argparse.SUPPRESS)
    parser.add_argument("--rows", type=int, default=2000)
    parser.add_argument("--publish", action="store_true", help="write the figures to benchmarks/faulty_service.json")
    arguments = parser.parse_args()
    if arguments.serve is not None:
        serve(arguments.serve)
    elif arguments.work:
        url, manifest, results = arguments.work
        work(url, Path(manifest), Path(results))
    else:
        texts = {f"r{number:05d}": f"Utterance {number} of the benchmark." for number in range(arguments.rows)}
        figures = compare(texts)
        if arguments.publish:
            Path(__file__).with_suffix(".json").write_text(json.dumps(figures, indent=2) + "\n")


def compare(texts: dict[str, str]) -> dict[str, Any]:
    """Make both runs concurrently, print their figures and return them."""
    from flows.prefect_server.ensure import ensure_server

    with tempfile.TemporaryDirectory() as scratch, ensure_server() as lease:
        lease.wait_until_ready()
        manifest, folder = Path(scratch) / "manifest.csv", Path(scratch)
        manifest.write_text("\n".join(["id,transcript", *(f"{name},{text}" for name, text in texts.items())]) + "\n")
        with side(0.0, manifest, folder / "clean") as clean, side(SHARE, manifest, folder / "faulty") as faulty:
            figures = {"clean": figures_of(texts, clean), "faulty": figures_of(texts, faulty)}
    for name, found in figures.items():
        print(
            f"{name}: " + ", ".join(f"{label.replace('_', ' ')} {value}" for label, value in found.items()), flush=True
        )
    print(
        f"the faulty run took {figures['faulty']['seconds'] / figures['clean']['seconds']:.2f} times as long",
        flush=True,
    )
    return figures


def figures_of(texts: dict[str, str], one: Side) -> dict[str, Any]:
    """The figures of a run, once it has ended."""
    report = one.ended()
    rows, calls = rows_ended(texts, one.results), int(report["calls"])
    return {
        "rows": len(texts),
        **{f"rows_{status}": count for status, count in rows.items()},
        "seconds": round(float(report["seconds"]), 1),
        "calls": calls,
        "calls_per_row": round(calls / len(texts), 3),
        "most_calls_of_a_row": int(report["most"]),
        "faults": sum(report["injected"].values()),
        "kinds_of_faults": len(report["injected"]),
    }


if __name__ == "__main__":
    main()
