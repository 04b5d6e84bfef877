"""Listing, creating, updating and deleting voices in each API version."""

from datetime import datetime
from typing import Any
from uuid import UUID

import numpy as np

from tests.sdks.checks.errors import refused
from tests.sdks.checks.register import check
from tests.sdks.checks.seeing import loud_enough
from tests.sdks.evidence import Evidence

_SHOWN_BY_ALL = {"id", "name", "description", "created_at", "language"}
_SHOWN_BY_VERSION = {
    "cartesia-js-2": {"is_public", "embedding"},
    "plain-http": {"is_owner", "embedding"},
    "voicemill": {"is_owner", "embedding"},
    "cartesia-2": {"is_owner", "embedding"},
    "cartesia-4": {"is_owner", "access", "visibility", "tagline", "locales"},
}
_BUILT_IN = 25


def _is_voice(voice: dict[str, Any], **expected: Any) -> None:
    assert voice.keys() >= _SHOWN_BY_ALL
    UUID(voice["id"])
    datetime.fromisoformat(voice["created_at"])
    assert {name: voice[name] for name in expected} == expected


def _is_private(voice: dict[str, Any], **expected: Any) -> None:
    _is_voice(voice, **expected)
    assert voice.get("is_public", False) is False
    assert voice.get("access", "private") == "private"


@check("voices.list")
def all_of_them(evidence: Evidence) -> None:
    """Every voice is listed once, with all fields of the API version, over several pages if it has pages."""
    facts = evidence.facts("voices.list")
    voices = facts["voices"]
    assert len({voice["id"] for voice in voices}) == len(voices) >= _BUILT_IN
    for voice in voices:
        _is_voice(voice)
        assert voice.keys() >= _SHOWN_BY_VERSION.get(evidence.client, set())
        assert len(voice.get("embedding") or range(192)) == 192
    assert evidence.client == "cartesia-js-2" or facts["pages"] > 3


@check("voices.get")
def one_of_them(evidence: Evidence) -> None:
    """A voice requested by its id equals the listed one; an unknown id gives 404."""
    listed = {voice["id"]: voice for voice in evidence.facts("voices.list")["voices"]}
    voice = evidence.facts("voices.get")
    _is_voice(voice, name="Sarah", language="en")
    assert voice["name"] == listed[voice["id"]]["name"]
    refused(evidence, "errors/voice/path", 404)


@check("voices.clone")
def cloned(evidence: Evidence) -> None:
    """A clone is private, is listed among the user-created voices, and speaks."""
    voice = evidence.facts("voices.clone")
    _is_private(voice, name="Clone", description="D", language="en")
    assert voice["id"] in evidence.facts("voices.list/mine")["ids"]
    loud_enough(evidence.audio("voices.clone/speaks").samples)
    if evidence.has("voices.clone/stability"):
        _is_private(evidence.facts("voices.clone/stability"), name="Clone")


@check("voices.update")
def updated(evidence: Evidence) -> None:
    """The response to an update has the new values, and so has a later request."""
    for step in ("voices.update", "voices.update/read"):
        voice = evidence.facts(step)
        _is_private(voice, id=evidence.facts("voices.clone")["id"], name="New", description="D2")
        if evidence.client == "cartesia-4":
            assert (voice["gender"], voice["accent"]) == ("masculine", "british")


@check("voices.delete")
def deleted(evidence: Evidence) -> None:
    """Deleting returns no content, and the voice no longer exists."""
    assert evidence.facts("voices.delete")["answer"] is None
    refused(evidence, "voices.delete/read", 404)


@check("voices.localize")
def localized(evidence: Evidence) -> None:
    """Localizing creates a new voice in the requested language."""
    voice = evidence.facts("voices.localize")
    _is_private(voice, name="L", description="D", language="es")
    assert voice["id"] != evidence.task["voice"]
    assert voice["accent"] == "peruvian"


@check("voices.localize")
def every_accent(evidence: Evidence) -> None:
    """In the version with accents instead of languages, every listed accent works."""
    if not evidence.has("voices.localize/all"):
        return
    accents = evidence.facts("voices.list_accents")["accents"]
    voices = evidence.facts("voices.localize/all")["voices"]
    wanted = [(accent["language"], accent["id"]) for accent in accents if accent["is_localizable"]]
    assert [(voice["language"], voice["accent"]) for voice in voices] == wanted


@check("voices.mix")
def mixed(evidence: Evidence) -> None:
    """A mix is an embedding of 192 numbers, the weighted mean of the mixed voices."""
    listed = {voice["id"]: voice for voice in evidence.facts("voices.list")["voices"]}
    mix = np.array(evidence.facts("voices.mix")["embedding"])
    parts = [np.array(listed[evidence.task[name]]["embedding"]) for name in ("voice", "other_voice")]
    assert mix.shape == (192,)
    assert np.allclose(mix, 0.25 * parts[0] + 0.75 * parts[1], atol=1e-5)


@check("voices.create")
def created(evidence: Evidence) -> None:
    """A voice created with or without an embedding is private and stored."""
    for step, name in (("voices.create", "Made"), ("voices.create/empty", "Copy")):
        voice = evidence.facts(step)
        _is_private(voice, name=name, language="en")
        assert voice["id"] in evidence.facts("voices.list/mine")["ids"]
