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


async def test_the_catalogue_has_one_default_a_locale_and_something_for_every_language(
    owner: httpx.AsyncClient,
) -> None:
    """Listed by id; a voice of each language shows where it is at home."""
    shown: list[dict[str, Any]] = (await owner.get("/accents")).json()["accents"]
    assert [accent["id"] for accent in shown] == sorted(accents())
    defaults = Counter(accent["locale"] for accent in shown if accent["is_locale_default"])
    assert defaults == dict.fromkeys({accent["locale"] for accent in shown}, 1)
    assert {accent["language"] for accent in shown} == set(languages())
    assert [language(code).locale for code in ("en", "es", "zh")] == ["en-US", "es-ES", "zh-CN"]


def test_every_accent_has_a_voice_of_the_synthesizer() -> None:
    """No accent is listed that nobody pronounces."""
    spoken = Path(espeakng_loader.get_data_path()) / "lang"
    assert [accent.id for accent in accents().values() if not (spoken / accent.espeak).is_file()] == []


async def test_an_accent_names_the_language_too(owner: httpx.AsyncClient) -> None:
    """By its id or its name, and sounds like the dialect that means the same."""
    by_id = await made(owner, "/voices/localize", voice_id=SARAH, accent="mexican")
    by_name = await made(owner, "/voices/localize", voice_id=SARAH, accent="Mexican Spanish", language="es")
    by_dialect = await made(owner, "/voices/localize", voice_id=SARAH, language="es", dialect="mx")
    voices = [by_id, by_name, by_dialect]
    assert {(voice["language"], voice["accent"], voice["country"]) for voice in voices} == {("es", "mexican", "MX")}
    assert len({await speech(owner, TEXT, voice=voice["id"]) for voice in voices}) == 1


async def test_an_accent_comes_and_goes(owner: httpx.AsyncClient) -> None:
    """A change of accent changes the sound, null takes it away, and what is left out stays."""
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
async def test_wrong_accents_are_refused(owner: httpx.AsyncClient, sent: dict[str, Any], says: str) -> None:
    """With those that would do."""
    refused = await owner.post("/voices/localize", json={"voice_id": SARAH, "name": "n"} | sent)
    assert refused.status_code == 400
    assert says in refused.text
