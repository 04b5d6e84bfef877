"""The user's own Piper voices, through Piper's real loading and phonemizing code."""

import importlib.util
from pathlib import Path
from typing import Any

import pytest

from tests.engine.measures import band_levels_db, floats, level_db
from tests.engine.piper_model import write_voice
from tests.engine.requests import FLOAT, SENTENCE, client, speech, speech_body
from voicemill.engine.app import create_app
from voicemill.engine.settings import EngineSettings
from voicemill.engine.voices.catalogue import built_in_voices
from voicemill.engine.voices.piper_voices import PIPER_VOICES_VARIABLE
from voicemill.errors import ConfigError


@pytest.fixture
def voices(tmp_path: Path) -> Path:
    """A folder with one plain voice and one of two speakers."""
    write_voice(tmp_path, "en_US-plain-low")
    write_voice(tmp_path, "de_DE-pair-low", language="de_DE", speakers={"Eva": 0, "Uwe": 1})
    return tmp_path


async def answers(voices: Path, *sent: dict[str, Any]) -> tuple[list[dict[str, Any]], list[bytes]]:
    """The listed voices and the answers of a fresh engine with the folder's voices."""
    app = create_app(EngineSettings(workers=1, piper_voices=voices))
    async with client(app) as api:
        listed = (await api.get("/voices", params={"limit": 100})).json()["data"]
        by_name = {voice["name"]: voice["id"] for voice in listed}
        bodies = [
            await speech(api, voice=by_name[fields["voice"]], output_format=FLOAT, **fields.get("more", {}))
            for fields in sent
        ]
    await app.state.engine.close()
    return listed, bodies


async def test_own_voices_are_listed_first_with_ids_that_stay(voices: Path) -> None:
    """A voice a speaker, in the order of the files, before the built-in ones, with the language of its file."""
    listed, _ = await answers(voices)
    again, _ = await answers(voices)
    assert [voice["name"] for voice in listed[:3]] == ["de_DE-pair-low Eva", "de_DE-pair-low Uwe", "en_US-plain-low"]
    assert [voice["language"] for voice in listed[:3]] == ["de", "de", "en"]
    assert [voice["id"] for voice in listed] == [voice["id"] for voice in again]
    assert [voice["id"] for voice in listed[3:]] == [voice.id for voice in built_in_voices()]


async def test_they_speak_as_audibly_and_repeatably_as_the_others(voices: Path) -> None:
    """Though the model draws random numbers, two engines answer the same question with the same bytes."""
    sent = {"voice": "en_US-plain-low"}
    _, first = await answers(voices, sent, sent)
    _, second = await answers(voices, {"voice": "de_DE-pair-low Eva"}, sent)
    assert first[0] == first[1] == second[1] != second[0]
    assert level_db(floats(first[0])) > -12
    assert len(floats(first[0])) / FLOAT["sample_rate"] > 4  # type: ignore[operator]


async def test_speakers_of_one_model_differ(voices: Path) -> None:
    """The speaker's number reaches the model."""
    _, (eva, uwe) = await answers(voices, {"voice": "de_DE-pair-low Eva"}, {"voice": "de_DE-pair-low Uwe"})
    distance = band_levels_db(floats(eva), 24000) - band_levels_db(floats(uwe), 24000)
    assert abs(distance).max() > 6


async def test_speed_and_volume_work_on_them(voices: Path) -> None:
    """Slow speech is longer, loud speech louder; the length scale is Piper's own."""
    plain = {"voice": "en_US-plain-low"}
    slow = plain | {"more": {"generation_config": {"speed": 0.6}}}
    soft = plain | {"more": {"generation_config": {"volume": 0.5}}}
    _, bodies = await answers(voices, plain, slow, soft)
    normal, slower, softer = (floats(body) for body in bodies)
    assert slower.size == pytest.approx(normal.size / 0.6, rel=0.01)
    assert level_db(softer) < level_db(normal) - 4


async def test_they_speak_their_own_language_only(voices: Path) -> None:
    """A neural voice cannot be sent for another language; the answer says which it speaks."""
    app = create_app(EngineSettings(workers=1, piper_voices=voices))
    async with client(app) as api:
        eva = (await api.get("/voices")).json()["data"][0]["id"]
        response = await api.post("/tts/bytes", json=speech_body(SENTENCE, voice=eva, language="en"))
        assert response.status_code == 400
        assert "speaks 'de' only" in response.text
    await app.state.engine.close()


async def test_the_service_name_changes_with_the_voices(voices: Path) -> None:
    """Answers of other voices are never taken for these."""
    plain = create_app(EngineSettings(workers=1)).state.service
    one = create_app(EngineSettings(workers=1, piper_voices=voices)).state.service
    write_voice(voices, "fr_FR-more-low", language="fr_FR")
    two = create_app(EngineSettings(workers=1, piper_voices=voices)).state.service
    assert plain == "embedded/2"
    assert one.startswith("embedded/2+piper.")
    assert len({plain, one, two}) == 3


async def test_a_broken_model_fails_its_call_only(voices: Path) -> None:
    """Bytes that are no model give a 500 that says so, and other voices go on."""
    (voices / "en_US-plain-low.onnx").write_bytes(b"no model at all")
    app = create_app(EngineSettings(workers=1, piper_voices=voices))
    async with client(app) as api:
        listed = (await api.get("/voices")).json()["data"]
        response = await api.post("/tts/bytes", json=speech_body(voice=listed[2]["id"]))
        assert response.status_code == 500
        assert "cannot be loaded" in response.text
        assert await speech(api, "Guten Tag", voice=listed[0]["id"])
        assert await speech(api)
    await app.state.engine.close()


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda folder: folder / "nowhere", "which is not a folder"),
        (lambda folder: (folder / "empty").mkdir() or folder / "empty", "there is no *.onnx file in it"),
        (lambda folder: (folder / "en_US-plain-low.onnx.json").unlink() or folder, "has no en_US-plain-low.onnx.json"),
        (lambda folder: (folder / "en_US-plain-low.onnx.json").write_text("{") and folder, "not a Piper config"),
        (
            lambda folder: (folder / "en_US-plain-low.onnx.json").write_text("[]") and folder,
            "not a Piper configuration",
        ),
    ],
)
def test_a_folder_that_cannot_be_used_is_told_at_once(voices: Path, spoil: Any, message: str) -> None:
    """Before the first request, and what to do is in the text."""
    with pytest.raises(ConfigError, match=r"Piper|VOICEMILL_PIPER_VOICES") as raised:
        create_app(EngineSettings(piper_voices=spoil(voices)))
    assert message in str(raised.value)


def test_the_missing_extra_is_named(voices: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without piper-tts the error says what to install."""
    monkeypatch.setenv(PIPER_VOICES_VARIABLE, str(voices))
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(ConfigError, match=r"pip install 'voicemill\[piper\]'"):
        create_app()
