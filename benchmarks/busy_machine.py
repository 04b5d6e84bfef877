"""Process recordings with the embedded engine while busy loops take most of the CPU.

    python -m benchmarks.busy_machine                   # 20 recordings, 5 busy loops per core
    python -m benchmarks.busy_machine --recordings 200  # an archive
    python -m benchmarks.busy_machine --publish         # also write benchmarks/busy_machine.json

A machine that is slow must cause neither timeouts nor retries: every row must be done, with 0 retries.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from benchmarks.sentences import PROSE
from voicemill.audio.decode import decode_all
from voicemill.audio.media_writer import Track
from voicemill.model.machine import available_cores

if TYPE_CHECKING:
    from voicemill import RunResult

_RATE_HZ = 16_000
_LONG_S = 240
_BUSY_LOOP = [sys.executable, "-c", "while True: pass"]


@contextmanager
def busy_loops(count: int) -> Iterator[None]:
    """Keep `count` processes busy until the block ends.

    Each has a session of its own: Linux gives processes of one session the CPU time of a single one.
    """
    with ExitStack() as loops:
        for _ in range(count):
            loop = subprocess.Popen(_BUSY_LOOP, start_new_session=True)
            loops.callback(loop.wait)
            loops.callback(loop.kill)
        yield


def measure(recordings: int, loops: int) -> dict[str, Any]:
    """Generate recordings, then process them beside busy loops; the figures of each job by its name."""
    import voicemill

    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        texts = [f"Number {number}. {PROSE[number % len(PROSE)]}" for number in range(recordings)]
        rows = pd.DataFrame({"id": [f"r{number:03d}" for number in range(recordings)], "transcript": texts})
        spoken = voicemill.run(rows, folder / "spoken", sample_rate=16000)
        figures: dict[str, Any] = {"cores": available_cores(), "busy_loops": loops}
        with busy_loops(loops):
            for name, (manifest, options) in _jobs(spoken.items.audio_path.tolist(), folder).items():
                done = voicemill.run(manifest, folder / name.replace(" ", "_"), **options)
                figures[name] = _figures(done)
                print(f"{name}: {figures[name]}", flush=True)
    return figures


def _jobs(recordings: Sequence[str], folder: Path) -> dict[str, tuple[pd.DataFrame, dict[str, Any]]]:
    """The manifest and the options of each job: an archive, and smaller jobs of the other kinds."""
    archive, few = pd.DataFrame({"audio": recordings}), pd.DataFrame({"audio": recordings[: len(recordings) // 10]})
    halves = recordings[::2], recordings[1::2]
    long = pd.DataFrame(
        {"audio": [_joined(half, folder / f"long-{number}.flac") for number, half in enumerate(halves)]}
    )
    return {
        "transcribe": (archive, {"op": "stt"}),
        "transcribe with four slots for each worker": (few, {"op": "stt", "max_concurrency": _slots(4)}),
        "transcribe long recordings": (long, {"op": "stt"}),
        "voice change": (few.assign(voice="Sarah"), {"op": "voice_change"}),
        "infill": (few.assign(from_s=0.5, to_s=1.5, transcript="Some other words."), {"op": "infill"}),
    }


def _slots(per_worker: int) -> str:
    slots = per_worker * available_cores()
    return f"{slots}-{slots}-{slots}"


def _joined(recordings: Sequence[str], path: Path) -> str:
    """One recording of four minutes, made of short ones."""
    parts = [decode_all(Path(recording), _RATE_HZ) for recording in recordings]
    samples = np.resize(np.concatenate(parts), _LONG_S * _RATE_HZ)
    with path.open("wb") as file, Track(file, "flac", "flac", _RATE_HZ) as track:
        track.write(np.round(samples * 32767).astype(np.int16)[:, np.newaxis])
    return str(path)


def _figures(done: "RunResult") -> dict[str, Any]:
    return {
        "rows": sum(done.counts.values()),
        "done": done.counts["done"],
        "calls": done.summary.calls_made,
        "retries": done.summary.retries,
        "input_s": round(done.summary.transcribed_s + done.summary.converted_s, 1),
        "seconds": round(done.summary.seconds, 1),
        "load_average": round(os.getloadavg()[0], 1),
    }


def main() -> None:
    """Print the figures of each job."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--recordings", type=int, default=20)
    parser.add_argument("--loops", type=int, default=5 * available_cores())
    parser.add_argument("--publish", action="store_true", help="write the figures to benchmarks/busy_machine.json")
    arguments = parser.parse_args()
    os.environ |= {"VOICEMILL_ENGINE": "small"}
    os.environ.pop("CARTESIA_API_KEY", None)
    figures = measure(arguments.recordings, arguments.loops)
    if arguments.publish:
        Path(__file__).with_suffix(".json").write_text(json.dumps(figures, indent=2) + "\n")


if __name__ == "__main__":
    main()
