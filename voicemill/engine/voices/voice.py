"""A voice of the catalogue: who it is, and its timbre."""

from dataclasses import dataclass
from typing import Literal

from voicemill.engine.voices.timbre import Timbre

Gender = Literal["masculine", "feminine", "gender_neutral"]

BUILT_IN_SINCE = "2025-01-01T00:00:00.000000Z"
ENGINE_OWNER = "00000000-0000-0000-0000-000000000000"
USER_OWNER = "00000000-0000-4000-8000-000000000001"
"""Who made a voice is not told apart: whoever has a key to an engine is its user."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineVoice:
    """One voice. `accent` narrows its `language`; `owner` is the user id of whoever made it."""

    id: str
    name: str
    language: str
    timbre: Timbre
    description: str = ""
    gender: Gender | None = None
    accent: str | None = None
    owner: str = ENGINE_OWNER
    created_at: str = BUILT_IN_SINCE

    @property
    def is_public(self) -> bool:
        """Whether it is the engine's own and not a user's."""
        return self.owner == ENGINE_OWNER
