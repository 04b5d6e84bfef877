"""Peak memory of the run's process with a recording of three hours, for each operation on recordings.

    python -m benchmarks.long_recordings [hours]

The recording is mostly silent, with a sentence every ten minutes, so that the embedded engine has little to do. The
pipeline's process must stay below 300 MB, however long the recording is.
"""

import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np

from voicemill.audio.decode import decode_all
from voicemill.audio.media_writer import Track

RATE_HZ = 16_000
SENTENCE = Path(__file__).parent.parent / "data" / "revoice" / "harbour.flac"
RUN = """
import pathlib, resource, sys
peak = pathlib.Path(sys.argv.pop())
from voicemill.cli import main
try:
    main()
finally:
    peak.write_text(str(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss))
"""
ROWS = {
    "stt": "id,audio\na,long.flac\n",
    "voice_change": "id,audio,voice\na,long.flac,Sarah\n",
    "infill": "id,audio,from_s,to_s,transcript\na,long.flac,601,603,Another sentence is said here.\n",
}


def main(hours: float) -> None:
    """Print the peak memory of a run of each operation."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        _write(folder / "long.flac", hours)
        for op, rows in ROWS.items():
            (folder / "rows.csv").write_text(rows, encoding="utf-8")
            peak = folder / f"{op}.peak"
            options = ["rows.csv", "-o", f"results/{op}", "--op", op, str(peak)]
            command = [sys.executable, "-c", RUN, "run", *options]
            ended = subprocess.run(command, cwd=folder, capture_output=True)
            assert ended.returncode == 0, ended.stderr.decode()
            print(f"{op:13} {hours:g} h: {int(peak.read_text()) / 1024:6.0f} MB", flush=True)


def _write(path: Path, hours: float) -> None:
    minutes = np.zeros((RATE_HZ * 60, 1), np.int16)
    said = np.round(decode_all(SENTENCE, RATE_HZ) * 32767).astype(np.int16)
    spoken = minutes.copy()
    spoken[: said.size, 0] = said[: len(spoken)]
    with path.open("wb") as file, Track(file, "flac", "flac", RATE_HZ) as track:
        for minute in range(round(hours * 60)):
            track.write(spoken if minute % 10 == 0 else minutes)


if __name__ == "__main__":
    main(float(sys.argv[1]) if len(sys.argv) > 1 else 3.0)
