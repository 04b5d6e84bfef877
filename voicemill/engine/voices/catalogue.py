"""The catalogue: every voice that can be asked for, by id."""

import tomllib
from collections.abc import Iterable
from functools import cache
from importlib.resources import files
from typing import Any

from voicemill.engine.voices.timbre import Timbre
from voicemill.engine.voices.user_voices import OwnVoices
from voicemill.engine.voices.voice import EngineVoice


class Catalogue:
    """The engine's voices in the order they are listed, then the users' own."""

    def __init__(self, voices: Iterable[EngineVoice], own: OwnVoices) -> None:
        self._voices = {voice.id: voice for voice in voices}
        self.own = own

    def all(self) -> list[EngineVoice]:
        """Every voice, in order."""
        return [*self._voices.values(), *self.own.all()]

    def find(self, voice_id: str) -> EngineVoice | None:
        """The voice of an id, None where there is none."""
        return self._voices.get(voice_id.lower()) or self.own.find(voice_id.lower())


@cache
def built_in_voices() -> tuple[EngineVoice, ...]:
    """The voices that come with the engine."""
    text = files("voicemill.engine.voices").joinpath("builtin.toml").read_text(encoding="utf-8")
    return tuple(_voice(entry) for entry in tomllib.loads(text)["voice"])


def _voice(entry: dict[str, Any]) -> EngineVoice:
    return EngineVoice(**{**entry, "timbre": Timbre(**entry["timbre"])})
