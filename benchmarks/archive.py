"""Transcribe an archive of mixed files with the embedded engine.

    python -m benchmarks.archive [files] [hours of the long file]

Prints the duration, the peak memory of the run's process, and whether every file has exactly one row, with a reason if
it is invalid. Then reruns, which must make no call and change no byte.
"""

import csv
import hashlib
import json
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from benchmarks.mixed_archive import RATE_HZ, Archive, Samples
from benchmarks.sentences import HELD_OUT, PROSE
from voicemill.audio.decode import decode_all
from voicemill.manifest.problems import printable

COMMAND = [sys.executable, "-c", "from voicemill.cli import main; main()"]


def spoken(folder: Path) -> list[Samples]:
    """The engine's speech for every sentence."""
    manifest = folder / "sentences.csv"
    with manifest.open("w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(("id", "transcript"))
        rows.writerows((f"s{number:02d}", text) for number, text in enumerate((*PROSE, *HELD_OUT)))
    command = [*COMMAND, "run", str(manifest), "-o", str(folder / "spoken"), "--sample-rate", str(RATE_HZ)]
    subprocess.run(command, check=True, capture_output=True)
    return [decode_all(path, RATE_HZ) for path in sorted((folder / "spoken" / "audio").glob("*.wav"))]


def transcribed(folder: Path, results: Path) -> tuple[dict[str, Any], float, float]:
    """The summary of a run, its seconds, and the peak memory of its process in MB."""
    command = [*COMMAND, "run", str(folder), "--op", "stt", "-o", str(results), "--json"]
    started, peak_mb = time.monotonic(), 0.0
    with tempfile.TemporaryFile() as said, subprocess.Popen(command, stdout=said, stderr=subprocess.DEVNULL) as run:
        while run.poll() is None:
            peak_mb = max(peak_mb, _peak_mb(run.pid))
            time.sleep(0.1)
        said.seek(0)
        return json.loads(said.read()), time.monotonic() - started, peak_mb


def faults(archive: Archive, results: Path) -> list[str]:
    """Differences between the table and the expected outcomes."""
    items = pq.read_table(results / "items.parquet", columns=["id", "status", "error_code"]).to_pylist()
    found = {item["id"]: item["error_code"] or item["status"] for item in items}
    expected = {printable(name, 10_000): what for name, what in archive.expected.items()}
    twice = [
        f"{name} occurs {count} times" for name, count in Counter(item["id"] for item in items).items() if count > 1
    ]
    wrong = [f"{name}: {found.get(name)}, not {what}" for name, what in expected.items() if found.get(name) != what]
    return [*twice, *wrong, *(f"{name} is not in the archive" for name in found.keys() - expected.keys())]


def digests(results: Path) -> dict[str, str]:
    """The SHA-256 of every file, except those in `.voicemill`."""
    files = [path for path in results.rglob("*") if path.is_file() and ".voicemill" not in path.parts]
    return {str(path): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def main(files: int, hours: float) -> None:
    """Print the figures; exits with 1 if a guarantee is violated."""
    with tempfile.TemporaryDirectory() as place:
        archive = Archive(Path(place) / "archive", spoken(Path(place)))
        archive.fill(files, hours * 3600)
        results = Path(place) / "results"
        summary, took_s, peak_mb = transcribed(archive.folder, results)
        found, before = faults(archive, results), digests(results)
        print(f"{files:,} files in {took_s:.0f} s, {summary['calls_made']:,} calls; at most {peak_mb:.0f} MB")
        print(f"rows {summary['rows']}; wrong: {len(found)}", *found[:20], sep="\n  ")
        again, again_s, _ = transcribed(archive.folder, results)
        same = digests(results) == before
        print(f"again in {again_s:.0f} s: {again['calls_made']} calls, {'no byte' if same else 'something'} changed")
    sys.exit(bool(found) or again["calls_made"] > 0 or not same)


def _peak_mb(pid: int) -> float:
    try:
        return int(Path(f"/proc/{pid}/status").read_text().split("VmHWM:")[1].split()[0]) / 1024
    except (OSError, IndexError):
        return 0.0


if __name__ == "__main__":
    main(*(int(sys.argv[1]), float(sys.argv[2])) if len(sys.argv) > 2 else (2000, 3.0))
