"""Voice conversion of human recordings: what stays the same (duration, words) and what changes (pitch, timbre).

    python -m benchmarks.voice_change [--voices Sarah,James] [--engines local] [folder with a transcripts.csv]

Converts every recording to each voice with both engines. Whisper base transcribes the recordings before and after; the
interval of the error rate is over recordings. Pitch is measured by WORLD; timbre is the mean distance of the voiced
spectrum in 176 mel bands, after normalizing the level.
"""

import argparse
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from benchmarks.engine_accuracy import named
from benchmarks.recordings import SPEECH, Spoken, human_recordings, run
from benchmarks.word_errors import error_rate, error_rate_line, grouped_error_rate_line, whisper_transcript
from voicemill.audio.decode import decode_all
from voicemill.engine.choice import EngineChoice
from voicemill.engine.voice_analysis.measures import RATE_HZ, VoiceMeasures, measure
from voicemill.engine.voices.catalogue import built_in_voices

ENGINES: tuple[EngineChoice, ...] = ("small", "local")


@dataclass(frozen=True, slots=True)
class Facts:
    """A recording: its transcript, its duration in seconds, and its voice."""

    transcript: str
    duration_s: float
    voice: VoiceMeasures


Conversions = dict[Path, dict[str, Facts]]


def main(folder: Path, engines: Sequence[EngineChoice], voices: Sequence[str]) -> None:
    """Print the errors before, then a line per recording and voice and the totals of each engine."""
    spoken = human_recordings(folder)
    before = {one.path: facts(one.path) for one in spoken}
    print(f"before: {error_rate_line([(one.text, before[one.path].transcript) for one in spoken])}", flush=True)
    for engine in engines:
        with tempfile.TemporaryDirectory() as work:
            after = converted(engine, spoken, voices, Path(work))
        print_conversions(engine, spoken, before, after)


def converted(engine: EngineChoice, spoken: list[Spoken], voices: Sequence[str], work: Path) -> Conversions:
    """The facts of every recording in every voice, by its path and the voice."""
    rows = [
        {"id": f"{one.path.stem}-{voice}", "audio": str(one.path.absolute()), "voice": voice}
        for one in spoken
        for voice in voices
    ]
    items = run(rows, work, "--op", "voice_change", engine=engine)
    return {one.path: {voice: facts(items[f"{one.path.stem}-{voice}"]["path"]) for voice in voices} for one in spoken}


def print_conversions(
    engine: EngineChoice, spoken: list[Spoken], before: dict[Path, Facts], after: Conversions
) -> None:
    """Compare every conversion with its original, then all of them by voice and together."""
    changes_of_length = []
    for one in spoken:
        for voice, new in after[one.path].items():
            changes_of_length.append(abs(new.duration_s / before[one.path].duration_s - 1))
            told = comparison(one.text, before[one.path], new)
            print(f"{engine:6} {one.path.stem:20.20} {voice:6} {told}", flush=True)
    groups = [[(one.text, new.transcript) for new in after[one.path].values()] for one in spoken]
    for number, voice in enumerate(after[spoken[0].path]):
        print(f"{engine:6} {voice:6} {error_rate_line([group[number] for group in groups])}")
    print(
        f"{engine:6} {grouped_error_rate_line(groups)}  length off by {max(changes_of_length):.3%} at most", flush=True
    )


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
    english = [voice.name for voice in built_in_voices() if voice.language == "en"]
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("recordings", type=Path, nargs="?", default=SPEECH)
    parser.add_argument("--voices", type=named, default=english, help="only these, by name")
    parser.add_argument("--engines", type=named, default=ENGINES, help="small, local or both")
    arguments = parser.parse_args()
    main(arguments.recordings, arguments.engines, arguments.voices)
