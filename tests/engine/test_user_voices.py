"""User-created voices: clone, mix, create, localize, update, delete and storage."""

import asyncio
import io
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest

from benchmarks.sentences import PROSE
from tests.engine.measures import band_levels_db, floats, level_db, pitch_hz
from tests.engine.requests import FLOAT, RATE_HZ, SARAH, client, speech, speech_body
from tests.engine.test_recognition import RECORDINGS
from tests.engine.test_voice_changer import VOICES
from tests.engine.wav_files import wav_of
from voicemill.audio.decode import decode_all
from voicemill.engine.app import create_app
from voicemill.engine.settings import EngineSettings
from voicemill.engine.voice_analysis.measures import measure
from voicemill.engine.voices.catalogue import built_in_voices
from voicemill.engine.voices.embedding import embedding_of

TEXT = PROSE[0]


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The file with the voices of this module."""
    return tmp_path_factory.mktemp("own") / "deep" / "voices.sqlite"


@pytest.fixture(scope="module")
def app(store: Path) -> Any:
    """An engine with that file."""
    app = create_app(EngineSettings(workers=1, user_voices=store))
    yield app
    asyncio.run(app.state.engine.close())


@pytest.fixture
async def owner(app: Any) -> AsyncIterator[httpx.AsyncClient]:
    """A client of that engine."""
    async with client(app) as owner:
        yield owner


async def made(owner: httpx.AsyncClient, path: str = "/voices/", **body: Any) -> dict[str, Any]:
    """A voice that was created or localized."""
    response = await owner.post(path, json={"name": "N", "description": "D"} | body)
    assert response.status_code == 200, response.text
    voice: dict[str, Any] = response.json()
    return voice


async def cloned(owner: httpx.AsyncClient, clip: bytes, **form: str) -> dict[str, Any]:
    """A voice cloned from a clip."""
    fields = {"name": "C", "language": "en", "mode": "similarity", "enhance": "true"} | form
    response = await owner.post("/voices/clone", files={"clip": ("blob", clip)}, data=fields)
    assert response.status_code == 200, response.text
    voice: dict[str, Any] = response.json()
    return voice


async def sound(owner: httpx.AsyncClient, voice: Any, **fields: Any) -> Any:
    """A voice's samples of the test text."""
    return floats(await speech(owner, TEXT, voice=voice, output_format=FLOAT, **fields))


async def test_mix_lies_between_its_parts(owner: httpx.AsyncClient) -> None:
    """Weights are normalised; the pitch lies between the parts, by embedding or as a created voice."""
    low, high = VOICES["Hugo"], VOICES["Sarah"]
    parts = [{"id": low.id, "weight": 2.2}, {"embedding": embedding_of(high.timbre), "weight": 1.1}]
    response = await owner.post("/voices/mix", json={"voices": parts})
    embedding = response.json()["embedding"]
    expected = (2 * np.array(embedding_of(low.timbre)) + np.array(embedding_of(high.timbre))) / 3
    assert len(embedding) == 192
    assert np.allclose(embedding, expected, atol=1e-5)
    samples = await sound(owner, {"mode": "embedding", "embedding": embedding})
    pitches = [pitch_hz(await sound(owner, voice.id), RATE_HZ) for voice in (low, high)]
    wanted = np.exp(2 / 3 * np.log(pitches[0]) + 1 / 3 * np.log(pitches[1]))
    assert pitch_hz(samples, RATE_HZ) == pytest.approx(wanted, rel=0.06)
    assert level_db(samples) == pytest.approx(-23, abs=2.5)
    created = await made(owner, embedding=embedding)
    assert np.array_equal(await sound(owner, created["id"]), samples)


@pytest.mark.parametrize("name", ["Sarah", "Hugo", "Olivia", "Robin"])
async def test_embedding_speaks_like_its_voice(owner: httpx.AsyncClient, name: str) -> None:
    """`expand[]=embedding` has 192 numbers; a voice from them has the same pitch, level and spectrum."""
    shown = (await owner.get(f"/voices/{VOICES[name].id}", params={"expand[]": "embedding"})).json()
    original = await sound(owner, VOICES[name].id, language="en")
    copy = await sound(owner, (await made(owner, embedding=shown["embedding"]))["id"], language="en")
    assert pitch_hz(copy, RATE_HZ) == pytest.approx(pitch_hz(original, RATE_HZ), rel=0.02)
    assert level_db(copy) == pytest.approx(level_db(original), abs=0.5)
    assert np.abs(band_levels_db(copy, RATE_HZ) - band_levels_db(original, RATE_HZ)).mean() < 1.5


async def test_embeddings_are_returned_and_mixed_as_given(owner: httpx.AsyncClient) -> None:
    """`GET` returns the embedding of `POST /voices`; a mix of two voices equals the mix of their two embeddings."""
    dice = np.random.default_rng(13)
    given = [dice.normal(0.0, 1.0, 192).tolist() for _ in range(2)]
    ids = [(await made(owner, embedding=embedding))["id"] for embedding in given]
    pages = [await owner.get(f"/voices/{voice_id}", params={"expand[]": "embedding"}) for voice_id in ids]
    assert np.allclose([page.json()["embedding"] for page in pages], given, rtol=0, atol=1e-6)
    weights = (0.3, 0.7)
    by_id = [{"id": voice_id, "weight": weight} for voice_id, weight in zip(ids, weights, strict=True)]
    by_embedding = [{"embedding": one, "weight": weight} for one, weight in zip(given, weights, strict=True)]
    mixes = [(await owner.post("/voices/mix", json={"voices": voices})).json() for voices in (by_id, by_embedding)]
    assert np.allclose(mixes[0]["embedding"], mixes[1]["embedding"], rtol=0, atol=1e-6)
    assert np.allclose(mixes[0]["embedding"], np.average(given, axis=0, weights=weights), rtol=0, atol=1e-6)
    localized = await made(owner, "/voices/localize", voice_id=ids[0], language="de")
    assert np.allclose(localized["embedding"], given[0], rtol=0, atol=1e-6)


async def test_empty_embedding_copies_the_base_voice(owner: httpx.AsyncClient) -> None:
    """The example of the API reference sends an empty embedding."""
    voice = await made(owner, embedding=[], base_voice_id=VOICES["James"].id)
    assert np.array_equal(await sound(owner, voice["id"]), await sound(owner, VOICES["James"].id))


@pytest.mark.parametrize("name", ["James", "Grace"])
async def test_clone_has_the_pitch_of_its_speaker(owner: httpx.AsyncClient, name: str) -> None:
    """A clone of a synthetic speaker has the pitch within 6 % and the usual level, and belongs to the user."""
    clip = await speech(owner, PROSE[2], voice=VOICES[name].id)
    voice = await cloned(owner, clip)
    samples = await sound(owner, voice["id"])
    target = decode_all(io.BytesIO(clip), RATE_HZ)
    assert measure(samples).f0_hz == pytest.approx(measure(target).f0_hz, rel=0.06)
    assert level_db(samples) == pytest.approx(-23, abs=2)
    assert (voice["is_public"], voice["is_owner"], voice["name"]) == (False, True, "C")


@pytest.mark.skipif(not RECORDINGS.is_dir(), reason="the human recordings are not beside this repository")
@pytest.mark.parametrize("recording", ["LJ001-0005.flac", "sense-0870.wav"])
async def test_clone_of_a_person(owner: httpx.AsyncClient, recording: str) -> None:
    """The pitch is within 6 %; `similarity` has the nearest spectrum, then `stability`, then Sarah."""
    clip = (RECORDINGS / recording).read_bytes()
    target = measure(decode_all(io.BytesIO(clip), 24000))
    distances = []
    for mode in ("similarity", "stability"):
        samples = await sound(owner, (await cloned(owner, clip, mode=mode))["id"])
        heard = measure(samples)
        assert heard.f0_hz == pytest.approx(target.f0_hz, rel=0.06)
        distances.append(float(np.sqrt(np.mean(np.square(heard.bands_db - target.bands_db)))))
    plain = measure(await sound(owner, SARAH))
    assert distances[0] < distances[1] < float(np.sqrt(np.mean(np.square(plain.bands_db - target.bands_db))))


async def test_localizing_changes_language_and_dialect_only(owner: httpx.AsyncClient) -> None:
    """The voice keeps its speaker and speaks Spanish without a language in the request."""
    sent = {"voice_id": SARAH, "language": "es", "original_speaker_gender": "female", "dialect": "pe"}
    spanish = await made(owner, "/voices/localize", **sent)
    mexican = await made(owner, "/voices/localize", **(sent | {"dialect": "mx"}))
    assert (spanish["language"], spanish["gender"], spanish["accent"]) == ("es", "feminine", "peruvian")
    text = "El corazón de la ciudad"
    bodies = [await speech(owner, text, voice=voice["id"]) for voice in (spanish, mexican)]
    assert bodies[0] == await speech(owner, text, language="es")
    assert bodies[0] != bodies[1]


async def test_updates_and_deletions_are_stored(owner: httpx.AsyncClient, store: Path) -> None:
    """Another engine with the same file has the same voices."""
    voice = await made(owner, embedding=[])
    changed = await owner.patch(f"/voices/{voice['id']}", json={"name": "New", "description": "Newer"})
    assert (changed.json()["name"], changed.json()["description"]) == ("New", "Newer")
    other = create_app(EngineSettings(workers=1, user_voices=store))
    async with client(other, version="2024-06-10") as elsewhere:
        seen = (await elsewhere.get(f"/voices/{voice['id']}")).json()
        assert (seen["name"], len(seen["embedding"])) == ("New", 192)
        assert voice["id"] in {entry["id"] for entry in (await elsewhere.get("/voices/")).json()}
        assert (await elsewhere.delete(f"/voices/{voice['id']}")).status_code == 204
    assert (await owner.get(f"/voices/{voice['id']}")).status_code == 404
    assert (await owner.delete(f"/voices/{voice['id']}")).status_code == 404


async def test_user_created_voices_are_last_and_owned(owner: httpx.AsyncClient) -> None:
    """The filter `is_owner` returns exactly these."""
    voice = await made(owner, embedding=[])
    listed = (await owner.get("/voices", params={"limit": 100})).json()["data"]
    assert [entry["id"] for entry in listed[: len(built_in_voices())]] == [voice.id for voice in built_in_voices()]
    owned = (await owner.get("/voices", params={"limit": 100, "is_owner": "true"})).json()["data"]
    assert voice["id"] == owned[-1]["id"] == listed[-1]["id"]


SILENCE = {"clip": ("blob", wav_of(np.zeros(48000)))}
BROKEN = {"clip": ("blob", b"no audio")}
ONES = [1.0] * 192
CREATE = [
    ({"name": "n", "embedding": [0.0] * 191}, "it has 191 numbers, but must have 192"),
    ({"embedding": []}, "name: Field required"),
    ({"name": "n", "language": "tlh"}, "language is 'tlh'"),
    ({"name": "n", "base_voice_id": "x"}, "base_voice_id: there is no voice 'x'"),
]
MIX = [
    ({"voices": []}, "voices"),
    ({"voices": [{"id": "x", "weight": 1}]}, "voices.0.id: there is no voice"),
    ({"voices": [{"weight": 1}]}, "voices.0.embedding: it has 0 numbers"),
    ({"voices": [{"id": SARAH, "weight": 0}]}, "not all be 0"),
    ({"voices": [{"embedding": ONES, "weight": -1}]}, "must not be negative"),
]
LOCALIZE = [
    ({"voice_id": "x", "name": "n", "language": "es"}, "voice_id: there is no voice"),
    ({"voice_id": SARAH, "name": "n", "language": "es", "dialect": "uk"}, "for 'es' it must be one of mx, pe"),
    ({"voice_id": SARAH, "name": "n", "language": "de", "dialect": "at"}, "this language has none"),
]
CLONE = [
    ({"files": SILENCE, "data": {"name": "n"}}, "clip: there is too little speech"),
    ({"files": SILENCE, "data": {}}, "name: Field required"),
    ({"files": SILENCE, "data": {"name": "n", "mode": "best"}}, "similarity, stability"),
    ({"files": BROKEN, "data": {"name": "n"}}, "clip: the file is not audio"),
]
MINE = "only user-created voices can be changed"


@pytest.mark.parametrize(
    ("method", "path", "sent", "status", "message"),
    [
        *(("POST", "/voices/", {"json": body}, 400, message) for body, message in CREATE),
        *(("POST", "/voices/mix", {"json": body}, 400, message) for body, message in MIX),
        *(("POST", "/voices/localize", {"json": body}, 400, message) for body, message in LOCALIZE),
        *(("POST", "/voices/clone", form, 400, message) for form, message in CLONE),
        ("PATCH", f"/voices/{SARAH}", {"json": {"name": "Mine"}}, 403, MINE),
        ("DELETE", f"/voices/{SARAH}", {}, 403, MINE),
        ("PATCH", "/voices/x", {"json": {"name": "n"}}, 404, "There is no voice 'x'"),
    ],
)
async def test_invalid_request_is_a_400(
    owner: httpx.AsyncClient, method: str, path: str, sent: dict[str, Any], status: int, message: str
) -> None:
    """The message names the field and its choices."""
    response = await owner.request(method, path, **sent)
    assert response.status_code == status
    assert message in response.text


@pytest.mark.parametrize("embedding", [[1e30] * 192, [-1e30] * 192, [0.0] * 192])
async def test_any_embedding_gives_speech(owner: httpx.AsyncClient, embedding: list[float]) -> None:
    """For extreme numbers the speech is neither silent nor clipped."""
    samples = await sound(owner, {"mode": "embedding", "embedding": embedding})
    assert np.isfinite(samples).all()
    assert np.abs(samples).max() < 0.99
    assert level_db(samples) > -60


async def test_embedding_of_another_size_is_refused(owner: httpx.AsyncClient) -> None:
    """The message names the field."""
    response = await owner.post("/tts/bytes", json=speech_body(voice={"mode": "embedding", "embedding": [1.0]}))
    assert response.status_code == 400
    assert "voice.embedding: it has 1 numbers" in response.text
