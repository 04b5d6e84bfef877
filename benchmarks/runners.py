"""The runners compared: calls over a network, and the embedded engine on one and on two CPU cores.

    python -m benchmarks.runners                              # local, process, dask, ray, pool: two workers each
    python -m benchmarks.runners --runners local,ray          # only these
    python -m benchmarks.runners --engine local --rows 100    # a book by an engine: one and two workers, a core each

Ray is left out if it is not installed.

The first table uses the fake service with 0.2 s latency and 20 slots. The share of the limit is the calls that the run
made, times their latency, of what 20 slots could have made between the first and the last call.
"""

import argparse
import asyncio
import csv
import hashlib
import itertools
import os
import statistics
import tempfile
import time
from collections.abc import Sequence
from contextlib import AbstractContextManager, ExitStack, nullcontext
from importlib.util import find_spec
from pathlib import Path

from benchmarks.numbered_rows import write_numbered_rows
from benchmarks.sentences import HELD_OUT
from tests.flows.speech_service import SpeechService, speech_service
from tests.hostile_server import Call
from tests.pipeline.distribution.dask_cluster import dask_cluster
from tests.pipeline.distribution.killed_workers import run
from tests.pipeline.distribution.runners import started_runner
from voicemill.config import load_settings
from voicemill.pipeline.summary import Summary

_LATENCY_S = 0.2
_SLOTS = 20
_KINDS = ("local", "process", "dask", "ray", "pool")
_SENTENCES_PER_PARAGRAPH = 6


async def _run(manifest: Path, results: Path, runner: str, slots: int, first_rows: int | None = None) -> Summary:
    pace, budget = {"min_concurrency": slots, "max_concurrency": slots}, {"first_rows": first_rows}
    return await run(manifest, results, load_settings(None, runner=runner, pace=pace, budget=budget))


def _digest(results: Path) -> str:
    """The hash of all audio files, by name."""
    digest = hashlib.sha256()
    for path in sorted((results / "audio").iterdir()):
        digest.update(path.name.encode() + path.read_bytes())
    return digest.hexdigest()[:12]


def _compare_runners(kinds: Sequence[str], service: SpeechService, rows: int, folder: Path) -> None:
    manifest = write_numbered_rows(folder, rows)
    service.speaker.latency_s = _LATENCY_S
    print(f"{'runner':10} {'done':>6} {'calls':>6} {'most in flight':>15} {'share of the limit':>19}  audio")
    for kind in kinds:
        results = folder / f"results-{kind}"
        with ExitStack() as stack:
            runner = stack.enter_context(_started(kind, folder, stack))
            service.reset_calls()
            summary = asyncio.run(_run(manifest, results, runner, _SLOTS))
        calls = [call for call in service.server.calls if call.path == "/tts/bytes"]
        print(
            f"{kind:10} {summary.rows['done']:6} {len(calls):6} {max(call.in_flight for call in calls):15} "
            f"{_share(calls):19.2f}  {_digest(results)}",
            flush=True,
        )


def _started(kind: str, folder: Path, stack: ExitStack) -> AbstractContextManager[str]:
    return nullcontext("local") if kind == "local" else started_runner(kind, folder, lambda: _prefect_server(stack))


def _prefect_server(stack: ExitStack) -> str:
    """The API address of a Prefect server, which runs until the stack is closed."""
    from flows.prefect_server.ensure import ensure_server

    lease = stack.enter_context(ensure_server())
    return lease.wait_until_ready()


def _share(calls: list[Call]) -> float:
    begun = sorted(call.started_s for call in calls)
    return len(calls) * _LATENCY_S / (_SLOTS * (begun[-1] + _LATENCY_S - begun[0]))


def _compare_cores(runs: int, rows: int, folder: Path) -> None:
    """Print the seconds that one and two workers, each bound to one core, take to speak a book."""
    manifest = _write_paragraphs(folder, rows)
    seconds: dict[int, list[float]] = {1: [], 2: []}
    for _, workers in itertools.product(range(runs), seconds):
        bound = [("taskset", "--cpu-list", str(core)) for core in range(workers)]
        with tempfile.TemporaryDirectory(dir=folder) as place, dask_cluster(Path(place), bound) as cluster:
            asyncio.run(_run(manifest, Path(place) / "warm", cluster.runner, _SLOTS, first_rows=2))
            started = time.monotonic()
            asyncio.run(_run(manifest, Path(place) / "results", cluster.runner, _SLOTS))
            seconds[workers].append(time.monotonic() - started)
    one, two = (statistics.median(seconds[workers]) for workers in seconds)
    print(f"{rows} paragraphs, medians of {runs}: one core {one:.1f} s, two {two:.1f} s: {one / two:.2f} ×")


def _write_paragraphs(folder: Path, rows: int) -> Path:
    """Write a manifest with a paragraph of a book in each row, and return its path."""
    path = folder / "manifest.csv"
    sentences = itertools.cycle(HELD_OUT)
    with path.open("w", newline="") as file:
        lines = csv.writer(file)
        lines.writerow(("id", "transcript"))
        for number in range(rows):
            text = " ".join(itertools.islice(sentences, _SENTENCES_PER_PARAGRAPH))
            lines.writerow((f"r{number:04d}", f"Paragraph {number}. {text}"))
    return path


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=1000)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--runners", default=",".join(_KINDS))
    parser.add_argument("--engine", choices=("small", "local"), help="measure this embedded engine instead")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        if arguments.engine:
            os.environ["VOICEMILL_ENGINE"] = arguments.engine
            _compare_cores(arguments.runs, arguments.rows, Path(folder))
            return
        kinds = [kind for kind in arguments.runners.split(",") if kind != "ray" or find_spec("ray")]
        with speech_service() as service:
            _compare_runners(kinds, service, arguments.rows, Path(folder))


if __name__ == "__main__":
    main()
