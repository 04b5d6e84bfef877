"""espeak-ng from the worker's side."""

import importlib.util
import sys
from pathlib import Path

from voicemill.engine.refusals import Refusal
from voicemill.engine.synthesis.synthesizer_process import SynthesizerProcess
from voicemill.engine.synthesis.utterance import Utterance, samples_of

PROGRAM = Path(__file__).with_name("espeak_process.py")
SLOWEST_WPM, FASTEST_WPM = 80, 450
# Louder than this, klatt voices clip inside espeak-ng (measured: full scale at 100, 0.78 of it at 70).
VOLUME = 70


class Espeak:
    """The built-in synthesizer."""

    def __init__(self) -> None:
        self._process = SynthesizerProcess(_command)

    def say(self, text: str, voice: str, *, rate_wpm: float, pitch: float, span: float) -> Utterance:
        """Speak `text`; `pitch` and `span` (its `range`) are espeak-ng's 0..99. Raises `Refusal` when it cannot."""
        question = {
            "text": text,
            "voice": voice,
            "rate_wpm": round(min(max(rate_wpm, SLOWEST_WPM), FASTEST_WPM)),
            "pitch": round(min(max(pitch, 0), 99)),
            "range": round(min(max(span, 0), 99)),
            "volume": VOLUME,
        }
        header, body = self._process.ask(question)
        return Utterance(
            samples_of(body),
            header["sample_rate_hz"],
            tuple((position - 1, length, sample) for position, length, sample in header["words"]),
            tuple((name, sample) for name, sample in header["phonemes"]),
        )


def _command() -> list[str]:
    """The library and its data are found without importing anything of the package that brings them."""
    package = importlib.util.find_spec("espeakng_loader")
    if package is None or package.origin is None:
        raise Refusal(500, "Internal server error", "espeakng_loader is not installed: pip install espeakng-loader")
    folder = Path(package.origin).parent
    library = min(folder.glob("libespeak-ng.*"))
    return [sys.executable, "-I", "-S", str(PROGRAM), str(library), str(folder)]
