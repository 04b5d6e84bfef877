"""Transcribe recordings with the embedded engine while busy loops take most of the CPU.

    python -m benchmarks.busy_machine                   # 20 recordings, 5 busy loops per core
    python -m benchmarks.busy_machine --recordings 200  # an archive
    python -m benchmarks.busy_machine --publish         # also write benchmarks/busy_machine.json

Every recording must be transcribed by exactly one call: a machine that is slow must cause neither timeouts nor retries.
"""

import argparse
import csv
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from benchmarks.sentences import PROSE
from voicemill.model.machine import available_cores

_BUSY_LOOP = [sys.executable, "-c", "while True: pass"]


@contextmanager
def busy_loops(count: int) -> Iterator[None]:
    """Keep `count` processes busy until the block ends."""
    with ExitStack() as loops:
        for _ in range(count):
            loop = subprocess.Popen(_BUSY_LOOP)
            loops.callback(loop.wait)
            loops.callback(loop.kill)
        yield


def transcribe(recordings: int, loops: int) -> dict[str, Any]:
    """Make recordings, transcribe them beside busy loops, and return the figures of the transcription."""
    import voicemill

    with tempfile.TemporaryDirectory() as scratch:
        texts = [f"Number {number}. {PROSE[number % len(PROSE)]}" for number in range(recordings)]
        manifest = Path(scratch) / "rows.csv"
        with manifest.open("w", newline="") as file:
            csv.writer(file).writerows([("id", "transcript"), *((f"r{n:03d}", text) for n, text in enumerate(texts))])
        spoken = voicemill.run(manifest, Path(scratch) / "spoken", sample_rate=16000)
        with busy_loops(loops):
            started_s = time.monotonic()
            done = voicemill.run(spoken.results / "audio", Path(scratch) / "texts", op="stt")
            seconds = time.monotonic() - started_s
    return {
        "recordings": recordings,
        "recordings_s": round(spoken.summary.audio_s, 1),
        "cores": available_cores(),
        "busy_loops": loops,
        "load_average": round(os.getloadavg()[0], 1),
        "seconds": round(seconds, 1),
        "done": done.counts["done"],
        "calls": done.summary.calls_made,
        "retries": done.summary.retries,
    }


def main() -> None:
    """Print the figures of one run."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--recordings", type=int, default=20)
    parser.add_argument("--loops", type=int, default=5 * available_cores())
    parser.add_argument("--publish", action="store_true", help="write the figures to benchmarks/busy_machine.json")
    arguments = parser.parse_args()
    os.environ |= {"VOICEMILL_ENGINE": "small"}
    os.environ.pop("CARTESIA_API_KEY", None)
    figures = transcribe(arguments.recordings, arguments.loops)
    print(", ".join(f"{name.replace('_', ' ')} {value}" for name, value in figures.items()), flush=True)
    if arguments.publish:
        Path(__file__).with_suffix(".json").write_text(json.dumps(figures, indent=2) + "\n")


if __name__ == "__main__":
    main()
