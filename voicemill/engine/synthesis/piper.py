"""The user's own Piper voices from the worker's side."""

import importlib.util
import sys
from pathlib import Path

from voicemill.engine.refusals import Refusal
from voicemill.engine.synthesis.synthesizer_process import SynthesizerProcess
from voicemill.engine.synthesis.utterance import Utterance, samples_of
from voicemill.engine.voices.piper_voices import PIPER_MISSING

PROGRAM = Path(__file__).with_name("piper_process.py")


class Piper:
    """The synthesizer of the user's own neural voices."""

    def __init__(self) -> None:
        self._process = SynthesizerProcess(_command)

    def say(self, text: str, model: str, speaker: int | None, *, rate: float) -> Utterance:
        """Speak `text` with the model file `model`. Raises `Refusal` when it cannot."""
        header, body = self._process.ask({"text": text, "model": model, "speaker": speaker, "rate": rate})
        return Utterance(samples_of(body), header["sample_rate_hz"])


def _command() -> list[str]:
    if importlib.util.find_spec("piper") is None:
        raise Refusal(500, "Internal server error", PIPER_MISSING)
    return [sys.executable, "-I", str(PROGRAM)]
