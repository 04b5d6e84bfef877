"""The catalogue: every available voice, by id."""

import tomllib
from collections.abc import Iterable
from functools import cache
from importlib.resources import files
from typing import Any

from voicemill.engine.voices.timbre import NEURAL_SOURCE, Timbre
from voicemill.engine.voices.user_voices import UserVoices
from voicemill.engine.voices.voice import EngineVoice


class Catalogue:
    """The engine's voices in the order in which they are listed, then the user-created ones."""

    def __init__(self, voices: Iterable[EngineVoice], user_voices: UserVoices) -> None:
        self._voices = {voice.id: voice for voice in voices}
        self.user_voices = user_voices

    def all(self) -> list[EngineVoice]:
        """Every voice, in order."""
        return [*self._voices.values(), *self.user_voices.all()]

    def find(self, voice_id: str) -> EngineVoice | None:
        """The voice with an id, or None."""
        return self._voices.get(voice_id.lower()) or self.user_voices.find(voice_id.lower())


@cache
def built_in_voices(*, natural: bool = False) -> tuple[EngineVoice, ...]:
    """The voices that come with the engine; with `natural`, the English ones speak by the neural model."""
    text = files("voicemill.engine.voices").joinpath("builtin.toml").read_text(encoding="utf-8")
    return tuple(_voice(entry, natural=natural) for entry in tomllib.loads(text)["voice"])


def _voice(entry: dict[str, Any], *, natural: bool) -> EngineVoice:
    timbre, neural = Timbre(**entry.pop("timbre")), entry.pop("natural", None)
    if not natural or neural is None:
        return EngineVoice(**entry, timbre=timbre)
    return EngineVoice(**entry, timbre=Timbre(source=NEURAL_SOURCE, **neural), espeak=timbre)
