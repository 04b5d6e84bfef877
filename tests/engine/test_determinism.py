"""The same request gets the same bytes and the same words from every worker and engine."""

import asyncio
import hashlib
from typing import Any

import httpx
import pytest

from tests.engine.requests import SARAH, SENTENCE, client, recognized, speech, speech_body
from tests.engine.test_voice_changer import VOICES
from voicemill.engine.app import create_app
from voicemill.engine.settings import EngineSettings

MP3 = {"container": "mp3", "sample_rate": 22050, "bit_rate": 64000}
WAV = {"container": "wav", "sample_rate": 44100, "encoding": "pcm_f32le"}
HUGO = "ade08242-0fef-55d2-8423-cc230f269726"
"""A deep voice, with which small differences change the recognized words."""
TEXT = "These take the shape of a long round arch. Is the 1st of them at 12:30?"


async def answers(api: httpx.AsyncClient, times: int) -> set[str]:
    """The digests of concurrent responses to two requests; Grace's voice has noise in it."""
    requests = [(SARAH, MP3), (VOICES["Grace"].id, WAV)]
    calls = [speech(api, TEXT, voice=voice, output_format=format) for _ in range(times) for voice, format in requests]
    return {hashlib.sha256(body).hexdigest() for body in await asyncio.gather(*calls)}


async def answers_of_new_engine(workers: int, times: int) -> set[str]:
    """As `answers`, from an engine that has not answered before."""
    app = create_app(EngineSettings(workers=workers))
    async with client(app) as api:
        digests = await answers(api, times)
    await app.state.engine.close()
    return digests


async def test_bytes_survive_restarts_worker_counts_and_concurrency(api: httpx.AsyncClient) -> None:
    """Twenty responses of three engines with one to three workers, two of them new, are two different files."""
    digests = [await answers_of_new_engine(1, 2), await answers(api, 4), await answers_of_new_engine(3, 4)]
    assert len(digests[0]) == 2
    assert digests[0] == digests[1] == digests[2]


async def test_earlier_requests_do_not_change_a_response(api: httpx.AsyncClient) -> None:
    """Other voices, languages and texts in between have no effect."""
    before = await speech(api, TEXT)
    await speech(api, "Guten Tag, wie geht es Ihnen?", language="de")
    await speech(api, "Something else entirely!", generation_config={"emotion": "angry"})
    assert await speech(api, TEXT) == before


@pytest.mark.parametrize(
    ("field", "value"),
    [("language", "de"), ("speed", "fast"), ("duration", 1.5), ("transcript", SENTENCE[:-2] + "?")],
)
async def test_each_field_changes_the_bytes(api: httpx.AsyncClient, field: str, value: Any) -> None:
    """Language, speed, duration and text have an effect."""
    response = await api.post("/tts/bytes", json=speech_body() | {field: value})
    assert response.status_code == 200
    assert response.content != await speech(api)


async def test_earlier_recordings_do_not_change_a_transcript(api: httpx.AsyncClient) -> None:
    """Two clips in both orders, with a new worker for one order, get the same words and times."""
    clips = [await speech(api, text, voice=HUGO) for text in ("In April.", "It is late.")]
    onwards = [await timed_words(api, clips[which]) for which in (0, 1)]
    app = create_app(EngineSettings(workers=1))
    async with client(app) as new:
        backwards = [await timed_words(new, clips[which]) for which in (1, 0)]
        await app.state.engine.close()
    assert onwards == [*reversed(backwards)]
    assert all(onwards)


async def timed_words(api: httpx.AsyncClient, audio: bytes, **fields: Any) -> Any:
    """The words of a clip and their times."""
    status, answer = await recognized(api, audio, **{"timestamp_granularities[]": "word"} | fields)
    assert status == 200, answer
    assert isinstance(answer, dict)
    return answer["words"]
