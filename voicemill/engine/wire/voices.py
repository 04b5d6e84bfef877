"""Voices as the wire shows them: one object that holds what every API version requires."""

from typing import Any, Literal

from pydantic import BaseModel, Field

from voicemill.engine.voices.embedding import embedding_of
from voicemill.engine.voices.languages import language
from voicemill.engine.voices.voice import EngineVoice, Gender


def voice_object(voice: EngineVoice, *, with_embedding: bool = False) -> dict[str, Any]:
    """The superset of all versions' voice objects; SDKs let keys they do not know pass."""
    extra = {"embedding": embedding_of(voice.timbre)} if with_embedding else {}
    spoken = language(voice.language)
    return {
        "id": voice.id,
        "user_id": voice.owner,
        "is_owner": not voice.is_public,
        "is_public": voice.is_public,
        "is_starred": False,
        "access": "public" if voice.is_public else "private",
        "visibility": "public" if voice.is_public else "private",
        "name": voice.name,
        "description": voice.description,
        "tagline": voice.description,
        "created_at": voice.created_at,
        "language": spoken.code,
        "locales": [spoken.code],
        "gender": voice.gender,
        "accent": voice.dialect,
        "country": None,
        "preview_file_url": None,
        **extra,
    }


class CreateVoice(BaseModel):
    """`POST /voices`: a voice from an embedding, or like another one where the embedding is empty."""

    name: str = Field(min_length=1)
    description: str = ""
    embedding: list[float] = []
    language: str = "en"
    base_voice_id: str | None = None


class UpdateVoice(BaseModel):
    """`PATCH /voices/{id}`: what is left out stays."""

    name: str | None = Field(default=None, min_length=1)
    description: str | None = None
    gender: Gender | None = None


class LocalizeVoice(BaseModel):
    """`POST /voices/localize`: the same speaker in another language."""

    voice_id: str
    name: str = Field(min_length=1)
    description: str = ""
    language: str
    original_speaker_gender: Literal["male", "female"] | None = None
    dialect: str | None = None


class MixedVoice(BaseModel):
    """One part of a mix: a voice by id or by embedding, and how much of it."""

    id: str | None = None
    embedding: list[float] | None = None
    weight: float = Field(allow_inf_nan=False)


class MixVoices(BaseModel):
    """`POST /voices/mix`."""

    voices: list[MixedVoice] = Field(min_length=1, max_length=100)
