"""Speech backends and recognizers from other packages and from an OpenAI-compatible server."""

from pathlib import Path
from typing import Any

import pytest

from tests.engine.openai_service import wav
from tests.engine.requests import FLOAT, RATE_HZ, client, recognized, speech, speech_body
from voicemill.engine.app import create_app
from voicemill.engine.backends import RECOGNIZERS, SPEECH_BACKENDS, load_recognizer, load_speech_backend
from voicemill.engine.openai_server import BASE_URL_VARIABLE, KEY_VARIABLE
from voicemill.engine.recognition.recognizer import Recognizer
from voicemill.engine.settings import EngineSettings
from voicemill.engine.synthesis.backend import SpeechBackend
from voicemill.errors import ConfigError

TEXT = "The boat is on the river."
PLUG_IN = """
import numpy as np
from voicemill.engine.recognition.recognizer import RecognizedSegment, RecognizedWord
from voicemill.engine.synthesis.utterance import Utterance
from voicemill.engine.voices.timbre import Timbre
from voicemill.engine.voices.voice import EngineVoice

class Tone:
    identity = "tone.1"
    def voices(self):
        timbre = Timbre(backend="tone", speaker="440")
        return [EngineVoice(id="0c6f5e0a-0000-4000-8000-000000000440", name="Tone", language="en", timbre=timbre)]
    def say(self, text, speech):
        times = np.arange(int(24000 * 0.1 * len(text) / speech.delivery.rate)) / 24000
        return Utterance(0.3 * np.sin(2 * np.pi * float(speech.timbre.speaker) * times).astype(np.float32), 24000)

class Counter:
    identity = "counter.1"
    languages = None
    def transcribe(self, blocks, language):
        seconds = sum(block.size for block in blocks) / 16000
        yield RecognizedSegment(f"{seconds:.0f}", (RecognizedWord(f"{seconds:.0f}", 0.0, seconds),), language or "")
"""


@pytest.fixture
def plug_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An installed package with a speech backend and a recognizer."""
    (tmp_path / "tone_plug_in.py").write_text(PLUG_IN)
    metadata = tmp_path / "tone_plug_in-1.0.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: tone-plug-in\nVersion: 1.0\n")
    entries = {SPEECH_BACKENDS: "tone = tone_plug_in:Tone", RECOGNIZERS: "counter = tone_plug_in:Counter"}
    (metadata / "entry_points.txt").write_text("".join(f"[{group}]\n{entry}\n" for group, entry in entries.items()))
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))


def app(**settings: Any) -> Any:
    """An engine with one worker."""
    return create_app(EngineSettings(workers=1, **settings))


async def _spoken_and_recognized(engine: Any) -> tuple[list[str], bytes, dict[str, Any]]:
    """The names of the first voices, speech of the first one, and the transcript of that speech."""
    async with client(engine) as api:
        listed = (await api.get("/voices")).json()["data"]
        audio = await speech(api, TEXT, voice=listed[0]["id"], output_format=FLOAT)
        _, answer = await recognized(api, wav(2.0), language="en", **{"timestamp_granularities[]": "word"})
    await engine.state.engine.close()
    assert isinstance(answer, dict)
    return [voice["name"] for voice in listed], audio, answer


async def test_backends_of_an_installed_package_speak_and_transcribe(plug_in: None) -> None:
    """Entry points are found by name, in the server and in its workers, and both identities are in the name."""
    engine = app(speech_backends=("tone",), recognizer="counter")
    assert engine.state.service == "embedded/2+tone.1+counter.1"
    names, audio, answer = await _spoken_and_recognized(engine)
    assert names[0] == "Tone"
    assert len(audio) / 4 / RATE_HZ == pytest.approx(0.1 * len(TEXT), rel=0.05)
    assert answer["text"] == "2"


async def test_openai_server_speaks_and_transcribes(openai: list[str]) -> None:
    """Voices have the names of the setting, words keep their times, and doubtful segments are flagged."""
    engine = app(speech_backends=("openai",), recognizer="openai")
    assert "+openai." in engine.state.service
    assert "secret" not in engine.state.service
    names, audio, answer = await _spoken_and_recognized(engine)
    assert names[:2] == ["nova", "echo"]
    assert len(audio) / 4 / RATE_HZ == pytest.approx(0.05 * len(TEXT), rel=0.05)
    assert answer["words"] == [{"word": "hello", "start": 0.1, "end": 0.4}]
    assert answer["flags"] == ["low_probability", "no_speech", "repetition"]
    assert openai == ["/v1/audio/speech", "/v1/audio/transcriptions"]


async def test_errors_of_an_openai_server_keep_their_meaning(
    openai: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A full queue is a 429 and a wrong key a 502 with the server's message, so that a client can act on them."""
    engine = app(speech_backends=("openai",))
    async with client(engine) as api:
        nova = (await api.get("/voices")).json()["data"][0]["id"]
        busy = await api.post("/tts/bytes", json=speech_body("Busy now.", voice=nova))
    await engine.state.engine.close()
    monkeypatch.setenv(KEY_VARIABLE, "other")
    locked = app(speech_backends=("openai",))
    async with client(locked) as api:
        refused = await api.post("/tts/bytes", json=speech_body(TEXT, voice=nova))
    await locked.state.engine.close()
    assert (busy.status_code, refused.status_code) == (429, 502)
    assert "queue is full" in busy.text
    assert "wrong key" in refused.text


@pytest.mark.parametrize("address", ["", "localhost:8000", "ftp://host/v1", "http://speech.example/v1"])
def test_unsafe_or_missing_address_is_refused(monkeypatch: pytest.MonkeyPatch, address: str) -> None:
    """No address, another scheme, and a key over plain HTTP to another machine."""
    monkeypatch.setenv(BASE_URL_VARIABLE, address)
    monkeypatch.setenv(KEY_VARIABLE, "secret")
    with pytest.raises(ConfigError, match=BASE_URL_VARIABLE):
        app(speech_backends=("openai",))


def test_unknown_backend_lists_the_known_ones(plug_in: None) -> None:
    """The error names the group and what is installed."""
    with pytest.raises(ConfigError, match="piper, kokoro, openai, tone"):
        load_speech_backend("other")
    with pytest.raises(ConfigError, match="pocketsphinx, whisper, openai, counter"):
        load_recognizer("other")


def test_every_backend_implements_its_protocol(plug_in: None, openai: list[str]) -> None:
    """Built-in and installed ones alike have an identity that fits into a service name."""
    speakers = [load_speech_backend(name) for name in ("piper", "openai", "tone")]
    listeners = [load_recognizer(name) for name in ("pocketsphinx", "whisper", "openai", "counter")]
    assert all(isinstance(backend, SpeechBackend) for backend in speakers)
    assert all(isinstance(recognizer, Recognizer) for recognizer in listeners)
    identities = [backend.identity for backend in speakers] + [recognizer.identity for recognizer in listeners]
    assert all(identity.replace(".", "").replace("-", "").isalnum() for identity in identities if identity)
