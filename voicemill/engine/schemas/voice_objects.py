"""Voices as the wire shows them: one object that holds what every API version requires."""

import textwrap
from typing import Any, Final, Literal

from pydantic import BaseModel, Field

from voicemill.engine.voices.languages import Accent, accents, language
from voicemill.engine.voices.voice import EngineVoice, Gender

MOST_TAGLINE_CHARACTERS: Final = 32


def voice_object(voice: EngineVoice, *, with_embedding: bool = False) -> dict[str, Any]:
    """A voice object with the fields of all API versions; SDKs ignore unknown fields."""
    extra = {"embedding": voice.embedding} if with_embedding else {}
    spoken = language(voice.language)
    locale = accents()[voice.accent].locale if voice.accent else spoken.locale
    return {
        "id": voice.id,
        "user_id": voice.owner,
        "is_owner": not voice.is_public,
        "is_public": voice.is_public,
        "is_starred": False,
        "access": "public" if voice.is_public else "private",
        "visibility": "all" if voice.is_public else "owner",
        "name": voice.name,
        "description": voice.description,
        "tagline": _tagline(voice.description),
        "created_at": voice.created_at,
        "language": spoken.code,
        "locales": [{"locale": locale, "is_native": True}],
        "gender": voice.gender,
        "accent": voice.accent,
        "country": locale.partition("-")[2],
        "preview_file_url": None,
        **extra,
    }


def accent_object(accent: Accent) -> dict[str, Any]:
    """An accent of the catalogue. Every one can be localized to."""
    return {
        "id": accent.id,
        "name": accent.name,
        "language": accent.language,
        "locale": accent.locale,
        "is_locale_default": accent.is_locale_default,
        "is_localizable": True,
    }


def _tagline(description: str) -> str:
    """The first words of a description: as many as a tagline may hold."""
    return textwrap.shorten(description, MOST_TAGLINE_CHARACTERS, placeholder="").rstrip(",;:")


class CreateVoice(BaseModel):
    """`POST /voices`: a voice from an embedding, or like another one where the embedding is empty."""

    name: str = Field(min_length=1)
    description: str = ""
    embedding: list[float] = []
    language: str = "en"
    base_voice_id: str | None = None


class UpdateVoice(BaseModel):
    """`PATCH /voices/{id}`: missing fields stay unchanged; null removes a gender or an accent."""

    name: str | None = Field(default=None, min_length=1)
    description: str | None = None
    gender: Gender | None = None
    accent: str | None = None


class LocalizeVoice(BaseModel):
    """`POST /voices/localize`: the same speaker in another language, which an `accent` names too."""

    voice_id: str
    name: str = Field(min_length=1)
    description: str = ""
    language: str | None = None
    original_speaker_gender: Literal["male", "female"] | None = None
    dialect: str | None = None
    accent: str | None = None


class MixedVoice(BaseModel):
    """One part of a mix: a voice by id or by embedding, and how much of it."""

    id: str | None = None
    embedding: list[float] | None = None
    weight: float = Field(allow_inf_nan=False)


class MixVoices(BaseModel):
    """`POST /voices/mix`."""

    voices: list[MixedVoice] = Field(min_length=1, max_length=100)
