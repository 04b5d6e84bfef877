"""Voices as the wire shows them: one object that holds what every API version requires."""

from typing import Any

from voicemill.engine.voices.languages import language
from voicemill.engine.voices.voice import EngineVoice


def voice_object(voice: EngineVoice) -> dict[str, Any]:
    """The superset of all versions' voice objects; SDKs let keys they do not know pass."""
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
    }
