"""Memory of a long run: 100,000 rows against a service without latency.

    python -m benchmarks.memory [rows]

Prints the resident memory of the run's process by finished rows, which must not grow after the first tenth, and the
most that it takes at the end, while the tables are published and the report is written.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.numbered_rows import write_numbered_rows
from benchmarks.throughput import service

SAMPLE_RATE_HZ = 8000
COMMAND = [sys.executable, "-m", "voicemill", "run"]


def _resident_mb(pid: int) -> float:
    """The resident memory of a process, 0 if it has ended."""
    _, _, found = Path(f"/proc/{pid}/status").read_text().partition("VmRSS:")
    return int(found.split()[0]) / 1024 if found else 0.0


def _rows_ended(progress: Path) -> int:
    try:
        return int(json.loads(progress.read_text())["rows_done"])
    except (OSError, ValueError):
        return 0


def main(rows: int) -> None:
    """Print memory by finished rows, and its growth after the first tenth."""
    seen: list[tuple[int, float]] = []
    most_at_end_mb = 0.0
    options = ("--sample-rate", str(SAMPLE_RATE_HZ), "--audio-bytes", "8000")
    with tempfile.TemporaryDirectory() as folder, service(0.0, *options) as base_url:
        results = Path(folder) / "results"
        command = [
            *COMMAND,
            str(write_numbered_rows(Path(folder), rows)),
            "-o",
            str(results),
            "--max-concurrency",
            "16",
        ]
        environment = os.environ | {"CARTESIA_BASE_URL": base_url}
        started = time.monotonic()
        with subprocess.Popen([*command, "--sample-rate", str(SAMPLE_RATE_HZ)], env=environment) as run:
            while run.poll() is None:
                ended = _rows_ended(results / ".voicemill" / "progress.json")
                resident_mb = _resident_mb(run.pid)
                if ended >= rows:
                    most_at_end_mb = max(most_at_end_mb, resident_mb)
                elif ended >= (seen[-1][0] if seen else 0) + rows // 20:
                    seen.append((ended, resident_mb))
                    print(f"{ended:>9,} rows   {seen[-1][1]:7.1f} MB", flush=True)
                time.sleep(0.2)
        took_s = time.monotonic() - started
    after = [mb for ended, mb in seen if ended >= rows // 10]
    print(f"{rows:,} rows in {took_s:.0f} s; after the first tenth {min(after):.1f} to {max(after):.1f} MB")
    print(f"while the tables are published and the report is written: at most {most_at_end_mb:.1f} MB")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 100_000)
