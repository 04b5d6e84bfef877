"""A voice of the catalogue."""

from dataclasses import dataclass, replace
from typing import Literal

from voicemill.engine.voices.embedding import embedding_of
from voicemill.engine.voices.timbre import NEURAL_LANGUAGE, Timbre, espeak_timbre

Gender = Literal["masculine", "feminine", "gender_neutral"]

BUILT_IN_SINCE = "2025-01-01T00:00:00.000000Z"
ENGINE_OWNER = "00000000-0000-0000-0000-000000000000"
USER_OWNER = "00000000-0000-4000-8000-000000000001"
"""The owner of every user-created voice: all keys of an engine belong to one user."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineVoice:
    """One voice.

    - `accent` narrows its `language`.
    - `espeak` is the timbre for the languages that `timbre` cannot speak; None derives it from `timbre`.
    - `given_embedding` is the embedding that it was created from; empty for other voices.
    - `owner` is the id of the user who created it.
    """

    id: str
    name: str
    language: str
    timbre: Timbre
    description: str = ""
    gender: Gender | None = None
    accent: str | None = None
    owner: str = ENGINE_OWNER
    created_at: str = BUILT_IN_SINCE
    espeak: Timbre | None = None
    given_embedding: tuple[float, ...] = ()

    @property
    def embedding(self) -> list[float]:
        """The embedding that the voice was created from, unchanged; otherwise that of its timbre."""
        return list(self.given_embedding) or embedding_of(self.timbre)

    @property
    def is_public(self) -> bool:
        """Whether the voice is part of the engine."""
        return self.owner == ENGINE_OWNER

    @property
    def conversion_timbre(self) -> Timbre:
        """What a recording is converted to: the espeak-ng vocal tract, which is relative to no model, at the pitch."""
        return replace(self.timbre_in(self.language, natural=False), f0_hz=self.timbre.f0_hz)

    def timbre_in(self, language: str, *, natural: bool = True) -> Timbre:
        """The timbre for a language; without `natural`, one for espeak-ng in every language."""
        if self.timbre.is_neural and (language != NEURAL_LANGUAGE or not natural):
            return self.espeak or espeak_timbre(self.timbre)
        return self.timbre
