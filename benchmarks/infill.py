"""Infill in human recordings: how smooth the joins are, and whether the new words are recognized.

    python -m benchmarks.infill [folder of recordings with a transcripts.csv]

Replaces a passage in each recording by each of two texts, with both engines. Compares the steps in level and spectrum
at a join (20 ms frames) with the largest ones in the 2 s on either side. Whisper base transcribes the whole result; a
word of the new text counts as recognized if the transcript has it in its place.
"""

import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.recognizer import RATE_HZ, read
from benchmarks.recordings import SPEECH, human_recordings, run
from benchmarks.seams import Seam, seam
from benchmarks.word_errors import recognized_words, whisper_transcript
from voicemill.audio.silence import gap_times
from voicemill.engine.choice import EngineChoice

TEXTS = ("in the early days of the government", "and the children walked along the river")
ENGINES: tuple[EngineChoice, ...] = ("small", "local")
SHARES = (0.4, 0.6)
"""The passage that is replaced, as fractions of the recording; each end is moved to a pause."""


@dataclass(frozen=True, slots=True)
class Gap:
    """A recording and the passage to replace: in seconds as requested, and in samples as it is replaced.

    `before` and `after` are the transcripts of what surrounds the passage.
    """

    path: Path
    samples: NDArray[np.float32]
    from_s: float
    to_s: float
    first: int
    last: int
    before: str
    after: str


def main(folder: Path) -> None:
    """Print a line per recording and text, then the totals of each engine."""
    gaps = [gap_in(one.path) for one in human_recordings(folder)]
    for engine in ENGINES:
        with tempfile.TemporaryDirectory() as work:
            print_infills(engine, gaps, Path(work))


def gap_in(path: Path) -> Gap:
    """The passage between two pauses in the middle of a recording."""
    samples = read(path)
    length_s = samples.size / RATE_HZ
    from_s, to_s = (_pause_s(samples, share * length_s) for share in SHARES)
    first, last = (round(moment_s * RATE_HZ) for moment_s in gap_times(path, from_s, to_s, length_s))
    around = (_transcript(samples[:first]), _transcript(samples[last:]))
    return Gap(path, samples, from_s, to_s, first, last, *around)


def print_infills(engine: EngineChoice, gaps: list[Gap], work: Path) -> None:
    """Replace the passage of every recording by every text, and judge the joins and the words."""
    rows = [
        {
            "id": f"{gap.path.stem}-{number}",
            "audio": str(gap.path.absolute()),
            "from_s": f"{gap.from_s:.2f}",
            "to_s": f"{gap.to_s:.2f}",
            "transcript": text,
            "voice": "Sarah",
        }
        for gap in gaps
        for number, text in enumerate(TEXTS)
    ]
    items = run(rows, work, "--op", "infill", engine=engine)
    hidden, found, total = [], 0, 0
    for gap in gaps:
        for number, text in enumerate(TEXTS):
            made = read(items[f"{gap.path.stem}-{number}"]["path"])
            seams = _seams(gap, made)
            right, words = recognized_words(gap.before, text, gap.after, _transcript(made))
            hidden += [one.is_hidden for one in seams]
            found, total = found + right, total + words
            print(
                f"{engine:6} {gap.path.stem:20.20} {right} of {words} words  {'  '.join(map(_shown, seams))}",
                flush=True,
            )
    joins = f"{sum(hidden)} of {len(hidden)} joins have no larger step than the audio around them"
    print(f"{engine:6} recognized {found} of {total} new words ({found / total:.1%}); {joins}", flush=True)


def _seams(gap: Gap, made: NDArray[np.float32]) -> list[Seam]:
    """Both joins of a recording whose passage was replaced."""
    places = (gap.first, made.size - (gap.samples.size - gap.last))
    return [seam(made, place, RATE_HZ) for place in places]


def _shown(join: Seam) -> str:
    level = f"level {join.level_db:.1f} of {join.largest_level_db:.1f} dB"
    return f"{level}, spectrum {join.spectrum_db:.1f} of {join.largest_spectrum_db:.1f} dB"


def _transcript(samples: NDArray[np.float32]) -> str:
    return whisper_transcript(samples) if samples.size > RATE_HZ // 4 else ""


def _pause_s(samples: NDArray[np.float32], moment_s: float) -> float:
    """The quietest tenth of a second within one second around a time."""
    hop = RATE_HZ // 100
    first = max(0, round((moment_s - 0.5) * 100))
    levels = np.square(samples[first * hop : (first + 100) * hop]).reshape(-1, hop).mean(axis=1)
    return (first + int(np.argmin(np.convolve(levels, np.ones(10), "valid"))) + 5) / 100


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else SPEECH)
