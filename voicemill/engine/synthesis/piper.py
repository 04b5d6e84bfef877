"""A folder of Piper voices as a speech backend."""

import importlib.util
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from voicemill.engine.environment import folder_from_environment
from voicemill.engine.refusals import Refusal
from voicemill.engine.synthesis.synthesizer_process import SynthesizerProcess
from voicemill.engine.synthesis.utterance import Speech, Utterance, samples_of
from voicemill.engine.voices.piper_voices import (
    PIPER_MISSING,
    PIPER_VOICES_VARIABLE,
    piper_digest,
    piper_voices,
    speaker_of,
)
from voicemill.engine.voices.voice import EngineVoice

PROGRAM: Final = Path(__file__).with_name("piper_process.py")


class Piper:
    """The voices of the folder that `VOICEMILL_PIPER_VOICES` names, spoken by a process that loads the models."""

    def __init__(self, folder: Path | None = None) -> None:
        self._folder = folder or folder_from_environment(PIPER_VOICES_VARIABLE)
        self._process = SynthesizerProcess(_command)

    @property
    def identity(self) -> str:
        """The digest of all models."""
        return f"piper.{piper_digest(self._folder)}" if self._folder else ""

    def voices(self) -> Sequence[EngineVoice]:
        """One voice for each speaker of each model. Raises `ConfigError`."""
        return piper_voices(self._folder) if self._folder else []

    def say(self, text: str, speech: Speech) -> Utterance:
        """Speak one passage. Raises `Refusal` when Piper fails."""
        model, speaker = speaker_of(speech.timbre.speaker)
        request = {"text": text, "model": model, "speaker": speaker, "rate": speech.delivery.rate}
        header, body = self._process.run(request)
        return Utterance(samples_of(body), header["sample_rate_hz"])


def _command() -> list[str]:
    if importlib.util.find_spec("piper") is None:
        raise Refusal(500, "Internal server error", PIPER_MISSING)
    return [sys.executable, "-I", str(PROGRAM)]
