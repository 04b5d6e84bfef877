"""Memory and time of a long run against a service without latency.

    python -m benchmarks.memory                       # 100,000 rows
    python -m benchmarks.memory 1000000 --publish     # also write benchmarks/memory.json and docs/memory.svg

Prints the resident memory of the run's process and the time by finished rows. Neither may grow faster than the rows:
memory must stay the same after the first tenth, and time must grow linearly. `most_mb_at_the_end` is the most memory
while the tables are published and the report is written.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from benchmarks import svg_plot
from benchmarks.numbered_rows import write_numbered_rows
from benchmarks.throughput import service

SAMPLE_RATE_HZ = 8000
COMMAND = [sys.executable, "-m", "voicemill", "run"]
PLOT = Path(__file__).parents[1] / "docs" / "memory.svg"
_SAMPLES = 40
_INTERVAL_S = 0.2


@dataclass(frozen=True, slots=True)
class Sample:
    """The finished rows, the seconds since the start of the command, and the resident memory."""

    rows: int
    seconds: float
    mb: float


@dataclass(frozen=True, slots=True)
class Watched:
    """A run: samples while rows were processed, and the most memory while tables and report were written."""

    samples: Sequence[Sample]
    most_at_end_mb: float
    seconds: float


def _resident_mb(pid: int) -> float:
    """The resident memory of a process, 0 if it has ended."""
    _, _, found = Path(f"/proc/{pid}/status").read_text().partition("VmRSS:")
    return int(found.split()[0]) / 1024 if found else 0.0


def _rows_ended(progress: Path) -> int:
    try:
        return int(json.loads(progress.read_text())["rows_done"])
    except (OSError, ValueError):
        return 0


def watch(run: "subprocess.Popen[bytes]", progress: Path, rows: int) -> Watched:
    """Sample a run of `rows` rows until it ends. Raises `CalledProcessError` if a row is not done."""
    samples, most_at_end_mb, began_s = [Sample(0, 0.0, 0.0)], 0.0, time.monotonic()
    while run.poll() is None:
        ended, resident_mb = _rows_ended(progress), _resident_mb(run.pid)
        if ended >= rows:
            most_at_end_mb = max(most_at_end_mb, resident_mb)
        elif ended >= samples[-1].rows + rows // _SAMPLES:
            samples.append(Sample(ended, round(time.monotonic() - began_s, 1), round(resident_mb, 1)))
            print(f"{ended:>9,} rows   {samples[-1].seconds:8.1f} s   {resident_mb:7.1f} MB", flush=True)
        time.sleep(_INTERVAL_S)
    if run.returncode:
        raise subprocess.CalledProcessError(run.returncode, run.args)
    return Watched(samples[1:], round(most_at_end_mb, 1), round(time.monotonic() - began_s, 1))


def measure(rows: int, folder: Path) -> Watched:
    """Run a manifest of `rows` rows in a folder."""
    options = ("--sample-rate", str(SAMPLE_RATE_HZ), "--audio-bytes", "8000")
    with service(0.0, *options) as base_url:
        results, manifest = folder / "results", write_numbered_rows(folder, rows)
        pace = ("--max-concurrency", "16", "--sample-rate", str(SAMPLE_RATE_HZ))
        environment = os.environ | {"CARTESIA_BASE_URL": base_url}
        with subprocess.Popen([*COMMAND, str(manifest), "-o", str(results), *pace], env=environment) as run:
            return watch(run, results / ".voicemill" / "progress.json", rows)


def figures_of(rows: int, watched: Watched) -> dict[str, Any]:
    """The figures of a run."""
    after = [sample for sample in watched.samples if sample.rows >= rows // 10]
    half = min(after, key=lambda sample: abs(sample.rows - rows // 2))
    return {
        "rows": rows,
        "seconds": watched.seconds,
        "least_mb_after_the_first_tenth": min(sample.mb for sample in after),
        "most_mb_after_the_first_tenth": max(sample.mb for sample in after),
        "most_mb_at_the_end": watched.most_at_end_mb,
        "seconds_per_1000_rows_of_the_first_half": _pace(watched.samples[0], half),
        "seconds_per_1000_rows_of_the_second_half": _pace(half, after[-1]),
        "samples": [asdict(sample) for sample in watched.samples],
    }


def _pace(first: Sample, last: Sample) -> float:
    """The seconds for 1,000 rows between two samples."""
    return round((last.seconds - first.seconds) / (last.rows - first.rows) * 1000, 3)


def plot(rows: int, watched: Watched, path: Path) -> None:
    """Plot memory and time by finished rows, and the most memory at the end."""
    figure, memory = svg_plot.pyplot().subplots(figsize=(10, 3.6), layout="constrained")
    finished = [sample.rows for sample in watched.samples]
    memory.plot(finished, [sample.mb for sample in watched.samples], label="memory, MB")
    memory.plot(
        [rows], [watched.most_at_end_mb], "o", color="tab:blue", label="most while tables and report are written"
    )
    memory.axhline(450, color="grey", linestyle=":", label="450 MB")
    memory.set_ylim(0, 500)
    memory.xaxis.set_major_formatter("{x:,.0f}")
    memory.set_xlabel("finished rows")
    memory.set_ylabel("MB")
    passed = memory.twinx()
    passed.plot(finished, [sample.seconds for sample in watched.samples], color="tab:orange", label="time, s")
    passed.set_ylim(0)
    passed.set_ylabel("seconds")
    figure.legend(loc="outside upper center", ncols=4, fontsize="small")
    svg_plot.save(figure, path)


def main() -> None:
    """Print memory and time by finished rows."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("rows", type=int, nargs="?", default=100_000)
    parser.add_argument("--publish", action="store_true", help="write benchmarks/memory.json and docs/memory.svg")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:  # it takes minutes to remove two million files
        watched = measure(arguments.rows, Path(folder))
        figures = figures_of(arguments.rows, watched)
        print(json.dumps({name: figure for name, figure in figures.items() if name != "samples"}, indent=2), flush=True)
        if arguments.publish:
            Path(__file__).with_suffix(".json").write_text(json.dumps(figures, indent=2) + "\n")
            plot(arguments.rows, watched, PLOT)


if __name__ == "__main__":
    main()
