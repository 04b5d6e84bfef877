"""Voice conversion of human recordings: what stays the same (duration, words) and what changes (pitch, timbre).

    python -m benchmarks.voice_change [folder of recordings with a transcripts.csv]

Converts with both engines. Whisper base transcribes the recordings before and after. Pitch is measured by WORLD; timbre
is the mean distance of the voiced spectrum in 176 mel bands, after normalizing the level.
"""

import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from benchmarks.recordings import SPEECH, Spoken, human_recordings, run
from benchmarks.word_errors import Pairs, error_rate, error_rate_line, whisper_transcript
from voicemill.audio.decode import decode_all
from voicemill.engine.choice import EngineChoice
from voicemill.engine.voice_analysis.measures import RATE_HZ, VoiceMeasures, measure

VOICES = ("Sarah", "James")
ENGINES: tuple[EngineChoice, ...] = ("small", "local")


@dataclass(frozen=True, slots=True)
class Facts:
    """A recording: its transcript, its duration in seconds, and its voice."""

    transcript: str
    duration_s: float
    voice: VoiceMeasures


def main(folder: Path) -> None:
    """Print the errors before, then a line per recording and voice and the totals of each engine."""
    spoken = human_recordings(folder)
    before = {one.path: facts(one.path) for one in spoken}
    print(f"before: {error_rate_line([(one.text, before[one.path].transcript) for one in spoken])}", flush=True)
    for engine in ENGINES:
        with tempfile.TemporaryDirectory() as work:
            print_conversions(engine, spoken, before, Path(work))


def print_conversions(engine: EngineChoice, spoken: list[Spoken], before: dict[Path, Facts], work: Path) -> None:
    """Convert every recording to every voice and compare it with the original."""
    rows = [
        {"id": f"{one.path.stem}-{voice}", "audio": str(one.path.absolute()), "voice": voice}
        for one in spoken
        for voice in VOICES
    ]
    items = run(rows, work, "--op", "voice_change", engine=engine)
    pairs: Pairs = []
    changes_of_length = []
    for one in spoken:
        for voice in VOICES:
            old, new = before[one.path], facts(items[f"{one.path.stem}-{voice}"]["path"])
            changes_of_length.append(abs(new.duration_s / old.duration_s - 1))
            pairs.append((one.text, new.transcript))
            print(f"{engine:6} {one.path.stem:20.20} {voice:6} {comparison(one.text, old, new)}", flush=True)
    print(f"{engine:6} {error_rate_line(pairs)}  length off by {max(changes_of_length):.3%} at most", flush=True)


def comparison(text: str, old: Facts, new: Facts) -> str:
    """Errors, pitch and timbre of a converted recording beside those of the original."""
    wrong = f"{error_rate([(text, old.transcript)]):.0%} to {error_rate([(text, new.transcript)]):.0%} wrong"
    pitch = f"{old.voice.f0_hz:.0f} to {new.voice.f0_hz:.0f} Hz"
    timbre_db = float(np.abs(new.voice.bands_db - old.voice.bands_db).mean())
    return f"{wrong:>18} {pitch:>16}  spectrum {timbre_db:.1f} dB"


def facts(path: Path) -> Facts:
    """Transcribe and measure a recording."""
    samples = decode_all(path, RATE_HZ)
    return Facts(whisper_transcript(path), samples.size / RATE_HZ, measure(samples))


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else SPEECH)
