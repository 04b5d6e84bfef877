"""Infill in human recordings: how smooth the joins are, and whether new and surrounding words are recognized.

    python -m benchmarks.infill [folder of recordings with a transcripts.csv]

Compares the steps in level and spectrum at a join (20 ms frames) with the largest ones in the 2 s on either side.
"""

import sys
import tempfile
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.recogniser import RATE_HZ, read, transcribe_samples, word_error_rate
from benchmarks.recordings import SPEECH, human_recordings, run
from benchmarks.seams import seam
from voicemill.audio.silence import gap_times

TEXT = "in the early days of the government"
SHARES = (0.4, 0.6)
"""The passage that is replaced, as fractions of the recording; each end is moved to a pause."""


def main(folder: Path) -> None:
    """Print a line per recording, then the totals."""
    spoken = human_recordings(folder)
    lengths_s = {one.path: read(one.path).size / RATE_HZ for one in spoken}
    boundaries_s = {
        one.path: tuple(_pause_s(read(one.path), share * lengths_s[one.path]) for share in SHARES) for one in spoken
    }
    rows = [
        {
            "id": one.path.stem,
            "audio": str(one.path.absolute()),
            "from_s": f"{boundaries_s[one.path][0]:.2f}",
            "to_s": f"{boundaries_s[one.path][1]:.2f}",
            "transcript": TEXT,
            "voice": "Sarah",
        }
        for one in spoken
    ]
    references, transcripts, inaudible = [], [], []
    with tempfile.TemporaryDirectory() as work:
        items = run(rows, Path(work), "--op", "infill")
        print(f"{'recording':22} {'level step':>18} {'spectrum step':>18} {'words wrong in all three':>26}")
        for one, row in zip(spoken, rows, strict=True):
            old, made = read(one.path), read(items[one.path.stem]["path"])
            gap_s = gap_times(one.path, float(row["from_s"]), float(row["to_s"]), lengths_s[one.path])
            begin, end = (round(moment_s * RATE_HZ) for moment_s in gap_s)
            places = (begin, made.size - (old.size - end))
            for place in places:
                found = seam(made, place, RATE_HZ)
                inaudible.append(found.is_hidden)
                level = f"{found.level_db:.1f} of {found.largest_level_db:.1f} dB"
                spectrum = f"{found.spectrum_db:.1f} of {found.largest_spectrum_db:.1f} dB"
                print(f"{one.path.stem:22.22} {level:>18} {spectrum:>18}", end="\n" if place == begin else "")
            around = [transcribe_samples(part) if part.size > RATE_HZ // 4 else "" for part in (old[:begin], old[end:])]
            references.append(f"{around[0]} {TEXT} {around[1]}")
            parts = np.split(made, places)
            transcripts.append(" ".join(transcribe_samples(part) for part in parts if part.size > RATE_HZ // 4))
            print(f" {word_error_rate(references[-1], transcripts[-1]):25.0%}")
    rate = word_error_rate(" ".join(references), " ".join(transcripts))
    joins = f"{sum(inaudible)} of {len(inaudible)} joins"
    print(f"{joins} have no larger step than the audio around them; words wrong {rate:.1%}")


def _pause_s(samples: NDArray[np.float32], moment_s: float) -> float:
    """The quietest tenth of a second within one second around a time."""
    hop = RATE_HZ // 100
    first = max(0, round((moment_s - 0.5) * 100))
    levels = np.square(samples[first * hop : (first + 100) * hop]).reshape(-1, hop).mean(axis=1)
    return (first + int(np.argmin(np.convolve(levels, np.ones(10), "valid"))) + 5) / 100


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else SPEECH)
