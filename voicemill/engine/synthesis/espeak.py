"""The client of the espeak-ng process."""

import importlib.util
import sys
from dataclasses import replace
from pathlib import Path
from typing import Final

import numpy as np

from voicemill.engine.refusals import Refusal
from voicemill.engine.synthesis.espeak_phonemes import respelled
from voicemill.engine.synthesis.synthesizer_process import SynthesizerProcess
from voicemill.engine.synthesis.utterance import Speech, Utterance, samples_of
from voicemill.engine.voices.timbre import PITCH_HZ, PITCH_SETTINGS, SOURCE_PITCH

PROGRAM = Path(__file__).with_name("espeak_process.py")
SLOWEST_WPM, FASTEST_WPM = 80, 450
# Louder than this, klatt voices clip inside espeak-ng (measured: full scale at 100, 0.78 of it at 70).
VOLUME = 70
SEED = 1
"""The seed of the espeak-ng process, which each take but the first replaces."""

# The range setting moves the mean pitch too, by 0.29 % a step.
_PITCH_PER_RANGE_STEP: Final = 0.0029
_NATURAL_RANGE: Final = 50.0


class Espeak:
    """The synthesizer of the small engine, for every language."""

    def __init__(self) -> None:
        self._process = SynthesizerProcess(_command)

    def say(self, text: str, speech: Speech) -> Utterance:
        """Speak one passage. Raises `Refusal` when espeak-ng fails."""
        timbre, delivery = speech.timbre, speech.delivery
        span = _NATURAL_RANGE * timbre.intonation * delivery.intonation
        f0_hz = timbre.f0_hz * 2.0 ** (delivery.pitch_semitones / 12.0)
        # A vocal tract is shortened by playing the samples faster, so pitch and rate are lowered by the same factor.
        spoken = self._synthesized(
            text,
            f"{speech.accent}+{timbre.source}",
            rate_wpm=timbre.rate_wpm * delivery.rate / timbre.tract_ratio,
            pitch=pitch_setting(f0_hz / timbre.tract_ratio, timbre.source, span),
            span=span,
            take=speech.take,
        )
        return replace(spoken, sample_rate_hz=spoken.sample_rate_hz * timbre.tract_ratio)

    def _synthesized(
        self, text: str, voice: str, *, rate_wpm: float, pitch: float, span: float, take: int
    ) -> Utterance:
        """`pitch` and `span` (espeak-ng's `range`) go from 0 to 99."""
        respelling = respelled(text)
        header, body = self._process.run(
            {
                "text": respelling.text,
                **({"has_phonemes": True} if respelling.has_phonemes else {}),
                "voice": voice,
                "rate_wpm": round(min(max(rate_wpm, SLOWEST_WPM), FASTEST_WPM)),
                "pitch": round(min(max(pitch, 0), 99)),
                "range": round(min(max(span, 0), 99)),
                "volume": VOLUME,
                **({"seed": SEED + take} if take else {}),
            }
        )
        return Utterance(
            samples_of(body),
            header["sample_rate_hz"],
            tuple((respelling.original(at - 1), length, sample) for at, length, sample in header["words"]),
            tuple((name, sample) for name, sample in header["phonemes"]),
        )


def pitch_setting(f0_hz: float, source: str, span: float) -> float:
    """espeak-ng's `pitch` setting for a mean of `f0_hz`."""
    base_hz = f0_hz / SOURCE_PITCH.get(source, 1.0) / (1.0 + _PITCH_PER_RANGE_STEP * (span - _NATURAL_RANGE))
    return float(np.interp(base_hz, PITCH_HZ, PITCH_SETTINGS))


def _command() -> list[str]:
    """The command that starts the process; the library and its data are located without importing their package."""
    package = importlib.util.find_spec("espeakng_loader")
    if package is None or package.origin is None:
        raise Refusal(500, "Internal server error", "espeakng_loader is not installed: pip install espeakng-loader")
    folder = Path(package.origin).parent
    library = min(folder.glob("libespeak-ng.*"))
    return [sys.executable, "-I", "-S", str(PROGRAM), str(library), str(folder)]
