"""Voices of an OpenAI-compatible server (`/v1/audio/speech`)."""

import tempfile
import uuid
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import numpy as np

from voicemill.audio.decode import UPLOAD_OPTIONS, UndecodableAudio, decode
from voicemill.engine.environment import text_from_environment
from voicemill.engine.openai_server import OpenAIServer
from voicemill.engine.refusals import Refusal
from voicemill.engine.synthesis.utterance import Speech, Utterance
from voicemill.engine.voices.timbre import Timbre
from voicemill.engine.voices.voice import EngineVoice

MODEL_VARIABLE: Final = "VOICEMILL_OPENAI_SPEECH_MODEL"
VOICES_VARIABLE: Final = "VOICEMILL_OPENAI_VOICES"
LANGUAGE_VARIABLE: Final = "VOICEMILL_OPENAI_LANGUAGE"
RATE_HZ: Final = 24_000

_DEFAULT_MODEL: Final = "tts-1"
_DEFAULT_VOICES: Final = "alloy"
_IDS: Final = uuid.UUID("c2a6f0c4-5d3e-5b0a-9a5e-3f8f3d1c7b52")


class OpenAISpeech:
    """The voices that `VOICEMILL_OPENAI_VOICES` lists, by name and separated by commas.

    The server decides whether the same request gets the same samples. Raises `ConfigError` without an address.
    """

    def __init__(self) -> None:
        self._server = OpenAIServer.from_environment()
        self._model = text_from_environment(MODEL_VARIABLE) or _DEFAULT_MODEL
        self._language = text_from_environment(LANGUAGE_VARIABLE) or "en"
        names = (text_from_environment(VOICES_VARIABLE) or _DEFAULT_VOICES).split(",")
        self._names = list(filter(None, map(str.strip, names)))

    @property
    def identity(self) -> str:
        """A digest of the address and the model."""
        return f"openai.{self._server.identity(self._model)}"

    def voices(self) -> Sequence[EngineVoice]:
        """One voice for each name, with an id that depends on the name only."""
        return [
            EngineVoice(
                id=str(uuid.uuid5(_IDS, name)),
                name=name,
                language=self._language,
                description=f"Voice {name} of an OpenAI-compatible server",
                timbre=Timbre(backend="openai", speaker=name),
            )
            for name in self._names
        ]

    def say(self, text: str, speech: Speech) -> Utterance:
        """Speak one passage. Raises `Refusal`."""
        rate = round(speech.delivery.rate, 4)
        wav = self._server.speech(model=self._model, voice=speech.timbre.speaker, text=text, speed=rate)
        with tempfile.NamedTemporaryFile(suffix=".wav") as file:
            file.write(wav)
            file.flush()
            try:
                blocks = list(decode(Path(file.name), RATE_HZ, options=UPLOAD_OPTIONS))
            except UndecodableAudio as error:
                message = f"The OpenAI-compatible server sent no audio: {error}."
                raise Refusal(502, "Bad gateway", message) from None
        return Utterance(np.concatenate([np.zeros(0, np.float32), *blocks]), RATE_HZ)
