"""Accents: the catalogue, and voices that have one."""

from collections import Counter
from pathlib import Path
from typing import Any

import espeakng_loader
import httpx
import pytest

from tests.engine.requests import SARAH, speech
from tests.engine.test_user_voices import app, made, owner, store
from voicemill.engine.voices.languages import accents, language, languages

__all__ = ["app", "owner", "store"]
TEXT = "El corazón de la ciudad"


async def test_every_language_has_accents_with_one_default_per_locale(
    owner: httpx.AsyncClient,
) -> None:
    """Accents are listed by id, and a voice of each language names its locale."""
    shown: list[dict[str, Any]] = (await owner.get("/accents")).json()["accents"]
    assert [accent["id"] for accent in shown] == sorted(accents())
    defaults = Counter(accent["locale"] for accent in shown if accent["is_locale_default"])
    assert defaults == dict.fromkeys({accent["locale"] for accent in shown}, 1)
    assert {accent["language"] for accent in shown} == set(languages())
    assert [language(code).locale for code in ("en", "es", "zh")] == ["en-US", "es-ES", "zh-CN"]


def test_every_accent_has_a_voice_of_the_synthesizer() -> None:
    """espeak-ng has the voice of each listed accent."""
    spoken = Path(espeakng_loader.get_data_path()) / "lang"
    assert [accent.id for accent in accents().values() if not (spoken / accent.espeak).is_file()] == []


async def test_accent_implies_the_language(owner: httpx.AsyncClient) -> None:
    """An accent by id or name gives the same speech as the equivalent dialect."""
    by_id = await made(owner, "/voices/localize", voice_id=SARAH, accent="mexican")
    by_name = await made(owner, "/voices/localize", voice_id=SARAH, accent="Mexican Spanish", language="es")
    by_dialect = await made(owner, "/voices/localize", voice_id=SARAH, language="es", dialect="mx")
    voices = [by_id, by_name, by_dialect]
    assert {(voice["language"], voice["accent"], voice["country"]) for voice in voices} == {("es", "mexican", "MX")}
    assert len({await speech(owner, TEXT, voice=voice["id"]) for voice in voices}) == 1


async def test_accent_can_be_changed_and_removed(owner: httpx.AsyncClient) -> None:
    """Another accent changes the sound, null removes it, and missing fields stay unchanged."""
    voice = await made(owner, "/voices/localize", voice_id=SARAH, language="es")
    plain = await speech(owner, TEXT, voice=voice["id"])
    path = f"/voices/{voice['id']}"
    assert (await owner.patch(path, json={"accent": "mexican"})).json()["accent"] == "mexican"
    assert (await owner.patch(path, json={"name": "New"})).json()["accent"] == "mexican"
    assert await speech(owner, TEXT, voice=voice["id"]) != plain
    assert (await owner.patch(path, json={"accent": None})).json()["accent"] is None
    assert await speech(owner, TEXT, voice=voice["id"]) == plain


@pytest.mark.parametrize(
    ("sent", "says"),
    [
        ({"accent": "martian"}, "accent is 'martian', but must be one of general-american"),
        ({"accent": "mexican", "language": "fr"}, "for 'fr' must be one of parisian, canadian-french, belgian-french"),
        ({}, "language: Field required, unless an accent is named"),
    ],
    ids=str,
)
async def test_invalid_accent_is_a_400(owner: httpx.AsyncClient, sent: dict[str, Any], says: str) -> None:
    """The message lists the valid ones."""
    refused = await owner.post("/voices/localize", json={"voice_id": SARAH, "name": "n"} | sent)
    assert refused.status_code == 400
    assert says in refused.text
