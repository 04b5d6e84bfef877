"""The local engine: natural English voices, Whisper base, and the choice between it and the small engine."""

import asyncio
import hashlib
import importlib.util
import io
import json
import os
import signal
import wave
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest

from benchmarks.recognizer import word_error_rate
from tests.engine.local import local_app, needs_local
from tests.engine.measures import floats, pitch_hz
from tests.engine.requests import FLOAT, RATE_HZ, SARAH, client, recognized, speech, speech_body
from tests.engine.test_determinism import timed_words
from tests.engine.test_takes import reading
from tests.engine.test_voice_changer import changed
from tests.waiting import wait_until
from voicemill.engine.choice import engine_of_service, natural_version_of_service, resolved_engine
from voicemill.engine.models.whisper_base import WHISPER_BASE_SHA256, whisper_base_folder
from voicemill.engine.settings import EngineSettings
from voicemill.engine.voices.catalogue import built_in_voices
from voicemill.errors import ConfigError
from voicemill.processes.work_deadline import cpu_time_s

pytestmark = needs_local

ENGLISH = [voice for voice in built_in_voices(natural=True) if voice.language == "en"]
TEXT = (
    "Our neighbors bought a new house near the river last summer. The shop on the corner sells fresh fruit, cheese "
    "and flowers. The road to the village was covered with snow, and nobody had cleared it."
)
SHORT = TEXT.partition(".")[0] + "."
SHORTEST = "The boat is on the river."


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """One local engine for all tests. Its workers have an unusable proxy, so that they cannot download anything."""
    with pytest.MonkeyPatch.context() as environment:
        for variable in ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY"):
            environment.setenv(variable, "http://127.0.0.1:9")
        app = local_app(tmp_path_factory.mktemp("local"))
        yield app
        asyncio.run(app.state.engine.close())


async def test_default_voice_is_understood(app: Any) -> None:
    """Whisper transcribes the default voice with case, punctuation and at most 6 % wrong words, without a network."""
    async with client(app) as api:
        audio = await speech(api, TEXT)
        status, answer = await recognized(api, audio, language="en")
    assert status == 200
    assert isinstance(answer, dict)
    assert word_error_rate(TEXT, answer["text"]) <= 0.06
    assert "Our neighbors" in answer["text"]
    assert answer["text"].endswith(".")


@pytest.mark.parametrize("voice", ENGLISH, ids=lambda voice: voice.name)
async def test_voice_has_its_pitch(app: Any, voice: Any) -> None:
    """Each of the nine English voices speaks at the pitch of its timbre."""
    async with client(app) as api:
        samples = floats(await speech(api, SHORT, voice=voice.id, output_format=FLOAT))
    assert pitch_hz(samples, RATE_HZ) == pytest.approx(voice.timbre.f0_hz, rel=0.12)


async def test_same_request_gets_the_same_bytes_from_another_engine(app: Any, tmp_path: Path) -> None:
    """Restarts, the number of workers, other requests and voice conversion do not change bytes or transcripts."""
    james = next(voice.id for voice in ENGLISH if voice.name == "James")
    other = local_app(tmp_path, workers=2)
    async with client(app) as api, client(other) as second:
        first = await speech(api, SHORTEST, voice=james)
        words = await timed_words(api, first, language="en")
        texts = ("Something else.", SHORTEST, "And something else.", SHORTEST)
        spoken = await asyncio.gather(*(speech(second, text, voice=james) for text in texts))
        assert [audio == first for audio in spoken] == [False, True, False, True]
        assert await timed_words(second, first, language="en") == words
    await other.state.engine.close()


async def test_killed_worker_fails_one_call(app: Any) -> None:
    """A worker killed while it speaks fails that call with a 500; the next call gets the same bytes as before."""
    async with client(app) as api:
        expected = await speech(api, SHORT)
        call = asyncio.create_task(api.post("/tts/bytes", json=speech_body(TEXT * 20)))
        await asyncio.to_thread(wait_until, lambda: app.state.engine.workers.busy, "a busy worker")
        (pid,) = app.state.engine.workers.pids
        before_s = cpu_time_s(pid)
        await asyncio.to_thread(wait_until, lambda: cpu_time_s(pid) > before_s + 0.05, "a worker that uses the CPU")
        os.kill(pid, signal.SIGKILL)
        assert (await call).status_code == 500
        assert await speech(api, SHORT) == expected


async def test_speed_changes_the_duration_and_not_the_pitch(app: Any) -> None:
    """At 0.6 and 1.5 the duration is divided by the speed, within a tenth."""
    async with client(app) as api:
        plain, slow, fast = [
            floats(await speech(api, SHORT, output_format=FLOAT, generation_config={"speed": speed}))
            for speed in (1.0, 0.6, 1.5)
        ]
    assert slow.size / plain.size == pytest.approx(1 / 0.6, rel=0.1)
    assert fast.size / plain.size == pytest.approx(1 / 1.5, rel=0.1)
    assert pitch_hz(slow, RATE_HZ) == pytest.approx(pitch_hz(plain, RATE_HZ), rel=0.1)


async def test_other_languages_are_those_of_the_small_engine(app: Any, api: httpx.AsyncClient) -> None:
    """A German request gets the bytes of the small engine."""
    async with client(app) as local:
        natural = await speech(local, "Guten Tag, wie geht es Ihnen?", language="de")
    assert natural == await speech(api, "Guten Tag, wie geht es Ihnen?", language="de")


async def test_natural_voice_has_takes(app: Any) -> None:
    """Three takes of the neural voice differ, and take 1 is the same twice."""
    async with client(app) as api:
        takes = [await reading(api, str(take)) for take in (0, 1, 2, 1)]
    assert len(set(takes)) == 3
    assert takes[1] == takes[3]


async def test_letters_of_other_scripts_are_spoken(app: Any) -> None:
    """A sentence with Greek letters is spoken by espeak-ng instead of losing the word."""
    async with client(app) as api:
        samples = floats(await speech(api, "The word is λόγος.", output_format=FLOAT))
    assert samples.size / RATE_HZ > 0.8


async def test_inline_pronunciation_is_spoken_as_the_word(app: Any) -> None:
    """A word in IPA sounds exactly as the word itself, between words and before a comma."""
    async with client(app) as api:
        spelled = await speech(api, "Two cappuccinos, please, for the church.")
        ipa = "Two <<k|ˌ|ɑ|p|ə|t|ʃ|ˈ|i|n|oʊ|z>>, please, for the <<ˈ|tʃ|ɝː|tʃ>>."
        assert await speech(api, ipa) == spelled


async def test_unknown_phoneme_is_a_400(app: Any) -> None:
    """The message names the symbol."""
    async with client(app) as api:
        response = await api.post("/tts/bytes", json=speech_body("Say <<q|q>> now."))
    assert response.status_code == 400
    assert "'q'" in response.text


async def test_words_are_timed_where_they_are_spoken(app: Any) -> None:
    """Word timestamps cover every word in order, and each word is louder than the silence before the first."""
    async with client(app) as api:
        body = speech_body(TEXT, output_format=FLOAT) | {"add_timestamps": True, "add_phoneme_timestamps": True}
        response = await api.post("/tts/sse", json=body)
    assert response.status_code == 200
    times = _word_times(response.text)
    assert [word for word, _, _ in times] == [word.strip(".,") for word in TEXT.split()]
    assert all(start < end for _, start, end in times)
    starts = [start for _, start, _ in times]
    assert starts == sorted(starts)


def _word_times(stream: str) -> list[tuple[str, float, float]]:
    found: list[tuple[str, float, float]] = []
    for line in stream.splitlines():
        event = json.loads(line.removeprefix("data: ")) if line.startswith("data: ") else {}
        if event.get("type") == "timestamps":
            columns = event["word_timestamps"]
            found += zip(columns["words"], columns["start"], columns["end"], strict=True)
    return found


async def test_language_is_detected(app: Any) -> None:
    """Without a language, Spanish speech is transcribed as Spanish."""
    mateo = next(voice.id for voice in built_in_voices() if voice.name == "Mateo")
    async with client(app) as api:
        text = "Buenos días a todos. Los niños juegan en el jardín."
        audio = await speech(api, text, language="es", voice=mateo)
        _, answer = await recognized(api, audio)
    assert isinstance(answer, dict)
    assert answer["language"] == "es"
    assert "los niños juegan" in answer["text"].lower()


async def test_noise_gives_no_text(app: Any) -> None:
    """Ten seconds of quiet noise have an empty transcript."""
    noise = np.random.default_rng(0).normal(0, 0.01, 10 * RATE_HZ)
    wav = _wav(noise)
    async with client(app) as api:
        _, answer = await recognized(api, wav, language="en")
    assert isinstance(answer, dict)
    assert answer["text"] == ""


def _wav(samples: Any) -> bytes:
    file = io.BytesIO()
    with wave.open(file, "wb") as wav:
        wav.setnchannels(1)
        wav.setsampwidth(2)
        wav.setframerate(RATE_HZ)
        wav.writeframes((np.clip(samples, -1, 1) * 32767).astype("<i2").tobytes())
    return file.getvalue()


async def test_mixed_voice_lies_between_its_parts(app: Any) -> None:
    """Half of James and half of Sarah speaks at a pitch between the two."""
    james = next(voice for voice in ENGLISH if voice.name == "James")
    async with client(app) as api:
        parts = [{"id": SARAH, "weight": 1}, {"id": james.id, "weight": 1}]
        mixed = (await api.post("/voices/mix", json={"voices": parts})).json()["embedding"]
        voice = {"mode": "embedding", "embedding": mixed}
        samples = floats(await speech(api, SHORT, voice=voice, output_format=FLOAT))
    assert james.timbre.f0_hz * 1.1 < pitch_hz(samples, RATE_HZ) < 186 * 0.9


def test_service_name_holds_backends_and_weights(app: Any) -> None:
    """The name differs from that of the small engine and contains both digests."""
    assert app.state.service == f"embedded/2+hibari.0.2.1.5f70741d4e90.3+whisper-base.{WHISPER_BASE_SHA256[:12]}"
    assert engine_of_service(app.state.service) == "local"
    assert engine_of_service("embedded/2") == "small"


async def test_earlier_version_of_the_natural_voices_gives_its_bytes(app: Any, tmp_path: Path) -> None:
    """A folder of version 1 continues with it: British vowels differ from version 2, American speech does not."""
    earlier = app.state.service.replace(".3+whisper", ".1+whisper")
    first = local_app(tmp_path, natural_version=natural_version_of_service(earlier))
    assert first.state.service == earlier
    olivia = next(voice.id for voice in ENGLISH if voice.name == "Olivia")
    async with client(app) as api, client(first) as old:
        for voice, is_same in ((SARAH, True), (olivia, False)):
            assert (
                await speech(api, "The girl.", voice=voice) == await speech(old, "The girl.", voice=voice)
            ) is is_same
    await first.state.engine.close()


async def test_earlier_version_converts_as_it_did(app: Any, api: httpx.AsyncClient, tmp_path: Path) -> None:
    """The small engine and version 2 give the same bytes; version 3 analyses pitch in another way."""
    second = local_app(tmp_path, natural_version="2")
    clip = await speech(api, "The girl.")
    async with client(app) as third, client(second) as old:
        small, before, now = [await changed(engine, clip, "Jonas") for engine in (api, old, third)]
    assert before.content == small.content
    assert now.content != small.content
    await second.state.engine.close()


def test_weights_are_joined_once_and_verified(tmp_path: Path) -> None:
    """The joined file has the pinned digest, a second call uses it, and no partial folder remains."""
    folder = whisper_base_folder(tmp_path)
    assert hashlib.sha256((folder / "model.bin").read_bytes()).hexdigest() == WHISPER_BASE_SHA256
    joined_at = (folder / "model.bin").stat().st_mtime_ns
    assert whisper_base_folder(tmp_path) == folder
    assert (folder / "model.bin").stat().st_mtime_ns == joined_at
    assert list(tmp_path.iterdir()) == [folder]


def test_missing_package_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """`local` without its packages names what to install, `auto` falls back to the small engine."""
    find = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == "hibari" else find(name))
    assert resolved_engine("auto") == "small"
    with pytest.raises(ConfigError, match=r"pip install 'voicemill\[local\]'"):
        resolved_engine("local")


def test_unknown_engine_is_refused() -> None:
    """The error lists the choices."""
    with pytest.raises(ValueError, match="auto, small, local"):
        EngineSettings(engine="big")  # type: ignore[arg-type]
