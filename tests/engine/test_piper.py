"""A folder of Piper voices, with Piper's real loader and phonemizer."""

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
    """The listed voices and the responses of a new engine with the folder's voices."""
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


async def test_piper_voices_are_listed_first_with_stable_ids(voices: Path) -> None:
    """One voice for each speaker, by file name, before the built-in ones, with the language of the file."""
    listed, _ = await answers(voices)
    again, _ = await answers(voices)
    assert [voice["name"] for voice in listed[:3]] == ["de_DE-pair-low Eva", "de_DE-pair-low Uwe", "en_US-plain-low"]
    assert [voice["language"] for voice in listed[:3]] == ["de", "de", "en"]
    assert [voice["id"] for voice in listed] == [voice["id"] for voice in again]
    assert [voice["id"] for voice in listed[3:]] == [voice.id for voice in built_in_voices()]


async def test_piper_speech_is_audible_and_deterministic(voices: Path) -> None:
    """The model uses random numbers, but two engines return the same bytes."""
    sent = {"voice": "en_US-plain-low"}
    _, first = await answers(voices, sent, sent)
    _, second = await answers(voices, {"voice": "de_DE-pair-low Eva"}, sent)
    assert first[0] == first[1] == second[1] != second[0]
    assert level_db(floats(first[0])) > -12
    assert len(floats(first[0])) / FLOAT["sample_rate"] > 4  # type: ignore[operator]


async def test_speakers_of_one_model_differ(voices: Path) -> None:
    """The model gets the number of the speaker."""
    _, (eva, uwe) = await answers(voices, {"voice": "de_DE-pair-low Eva"}, {"voice": "de_DE-pair-low Uwe"})
    distance = band_levels_db(floats(eva), 24000) - band_levels_db(floats(uwe), 24000)
    assert abs(distance).max() > 6


async def test_speed_and_volume_change_piper_speech(voices: Path) -> None:
    """Slow speech is longer by Piper's length scale, and more volume is louder."""
    plain = {"voice": "en_US-plain-low"}
    slow = plain | {"more": {"generation_config": {"speed": 0.6}}}
    soft = plain | {"more": {"generation_config": {"volume": 0.5}}}
    _, bodies = await answers(voices, plain, slow, soft)
    normal, slower, softer = (floats(body) for body in bodies)
    assert slower.size == pytest.approx(normal.size / 0.6, rel=0.01)
    assert level_db(softer) < level_db(normal) - 4


async def test_piper_voice_has_one_language(voices: Path) -> None:
    """A request in another language is a 400 that names the language of the voice."""
    app = create_app(EngineSettings(workers=1, piper_voices=voices))
    async with client(app) as api:
        eva = (await api.get("/voices")).json()["data"][0]["id"]
        response = await api.post("/tts/bytes", json=speech_body(SENTENCE, voice=eva, language="en"))
        assert response.status_code == 400
        assert "speaks 'de' only" in response.text
    await app.state.engine.close()


async def test_service_name_depends_on_the_voices(voices: Path) -> None:
    """So stored answers of other models are never reused."""
    plain = create_app(EngineSettings(workers=1)).state.service
    one = create_app(EngineSettings(workers=1, piper_voices=voices)).state.service
    write_voice(voices, "fr_FR-more-low", language="fr_FR")
    two = create_app(EngineSettings(workers=1, piper_voices=voices)).state.service
    assert plain == "embedded/2"
    assert one.startswith("embedded/2+piper.")
    assert len({plain, one, two}) == 3


async def test_broken_model_fails_one_call(voices: Path) -> None:
    """An invalid model is a 500 with the reason, and other voices work."""
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
def test_invalid_folder_is_an_error_at_the_start(voices: Path, spoil: Any, message: str) -> None:
    """The error comes before the first request and has the remedy."""
    with pytest.raises(ConfigError, match=r"Piper|VOICEMILL_PIPER_VOICES") as raised:
        create_app(EngineSettings(piper_voices=spoil(voices)))
    assert message in str(raised.value)


def test_missing_extra_is_named(voices: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without piper-tts the error says what to install."""
    monkeypatch.setenv(PIPER_VOICES_VARIABLE, str(voices))
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(ConfigError, match=r"pip install 'voicemill\[piper\]'"):
        create_app()
