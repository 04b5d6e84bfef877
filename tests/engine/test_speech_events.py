"""`tts/sse`: the same audio in pieces, with timestamps that say when each word is heard."""

import asyncio
import base64
import json
import os
import signal
from typing import Any

import httpx
import pytest

from tests.engine.requests import FLOAT, RATE_HZ, SENTENCE, WAV, client, speech, speech_body
from voicemill.engine.app import create_app
from voicemill.engine.settings import EngineSettings

TEXT = f"{SENTENCE} It's 12:30, isn't it? Nine men — all of them — were walking along the river."
SPOKEN = (
    "The rainbow is a division of white light into many beautiful colors It's 12:30 isn't it "
    "Nine men all of them were walking along the river"
)


async def events(api: httpx.AsyncClient, text: str = TEXT, **fields: Any) -> list[dict[str, Any]]:
    """The events of a successful stream, parsed as the strictest SDK does: one data line, ASCII only."""
    response = await api.post("/tts/sse", json=speech_body(text, output_format=FLOAT, **fields))
    assert response.status_code == 200, response.text
    assert response.headers["content-type"].startswith("text/event-stream")
    frames = response.content.decode("ascii").split("\n\n")
    assert frames.pop() == ""
    assert all(frame.startswith("data: ") and "\n" not in frame for frame in frames)
    return [json.loads(frame.removeprefix("data: ")) for frame in frames]


def wire_rate_hz() -> int:
    """The sample rate of the requested streams."""
    return int(str(FLOAT["sample_rate"]))


def of_type(events: list[dict[str, Any]], kind: str) -> list[dict[str, Any]]:
    """The events of one type."""
    return [event for event in events if event["type"] == kind]


async def test_chunks_join_to_the_bytes_of_the_file(api: httpx.AsyncClient) -> None:
    """Chunks equal `tts/bytes`, one `done` ends them, and each has the fields that the SDKs require."""
    told = await events(api, context_id="c1")
    chunks = of_type(told, "chunk")
    assert len(chunks) > 10
    assert b"".join(base64.b64decode(chunk["data"]) for chunk in chunks) == await speech(api, TEXT, output_format=FLOAT)
    assert told[-1] == {"type": "done", "done": True, "status_code": 206, "context_id": "c1"}
    assert all(chunk["step_time"] >= 0 and not chunk["done"] and chunk["status_code"] == 206 for chunk in chunks)
    assert {event["context_id"] for event in told} == {"c1"}
    assert len(chunks) == len(told) - 1


async def test_context_id_is_echoed(api: httpx.AsyncClient) -> None:
    """It is missing unless the request has one."""
    assert all("context_id" not in event for event in await events(api))


async def test_word_timestamps_cover_every_word_in_order(api: httpx.AsyncClient) -> None:
    """Times increase across sentences, lie inside the audio, and no word is empty."""
    told = await events(api, add_timestamps=True)
    stamps = [event["word_timestamps"] for event in of_type(told, "timestamps")]
    words = [word for stamp in stamps for word in stamp["words"]]
    start = [second for stamp in stamps for second in stamp["start"]]
    end = [second for stamp in stamps for second in stamp["end"]]
    seconds = sum(len(base64.b64decode(chunk["data"])) for chunk in of_type(told, "chunk")) / 4 / 24000
    assert " ".join(words) == SPOKEN
    assert start == sorted(start)
    assert all(0 <= a < b <= seconds for a, b in zip(start, end, strict=True))
    assert told[0]["type"] == "timestamps"


@pytest.mark.parametrize(
    ("language", "text", "count"),
    [("fr", "Bonjour tout le monde, ça va ?", 6), ("de", "Größe über alles schön.", 4), ("ru", "Привет, мир!", 2),
     ("zh", "你好世界。", 4), ("ja", "こんにちは。", 5), ("ko", "안녕하세요 세계", 2)],
)  # fmt: skip
async def test_word_timestamps_in_other_languages(api: httpx.AsyncClient, language: str, text: str, count: int) -> None:
    """Merged words share their time; Chinese and Japanese have timestamps for each character."""
    told = await events(api, text, language=language, add_timestamps=True)
    (stamp,) = [event["word_timestamps"] for event in of_type(told, "timestamps")]
    assert len(stamp["words"]) == len(stamp["start"]) == len(stamp["end"]) == count
    assert stamp["start"] == sorted(stamp["start"])
    assert all(a <= b for a, b in zip(stamp["start"], stamp["end"], strict=True))


async def test_phoneme_timestamps_are_ipa(api: httpx.AsyncClient) -> None:
    """They are sent on request only, and cover the words."""
    told = await events(api, "Hello, world!", add_phoneme_timestamps=True)
    (stamp,) = [event["phoneme_timestamps"] for event in of_type(told, "phoneme_timestamps")]
    assert "".join(stamp["phonemes"]) == "həlˈoʊwˈɜːld"
    assert stamp["start"] == sorted(stamp["start"])
    assert not of_type(told, "timestamps")


@pytest.mark.parametrize("format", [WAV, {"container": "mp3", "sample_rate": 44100, "bit_rate": 128000}])
async def test_streams_need_the_raw_container(api: httpx.AsyncClient, format: dict[str, Any]) -> None:
    """Other containers are a 400 with the alternative."""
    response = await api.post("/tts/sse", json=speech_body(output_format=format))
    assert response.status_code == 400
    assert "must be raw for tts/sse; use tts/bytes" in response.text


async def test_invalid_stream_request_has_an_error_status(api: httpx.AsyncClient) -> None:
    """An error before the first event is an ordinary response."""
    response = await api.post("/tts/sse", json=speech_body("...", output_format=FLOAT))
    assert response.status_code == 400


@pytest.mark.parametrize(("version", "old"), [("2024-11-13", True), ("2026-03-01", False)])
async def test_failure_during_a_stream_is_an_error_event(version: str, old: bool) -> None:
    """If the worker is killed, the stream ends with `event: error` in the format of the API version."""
    app = create_app(EngineSettings(workers=1))
    received: list[bytes] = []

    async def kill_at_the_first_piece(message: Any) -> None:
        if message["type"] == "http.response.body" and message["body"]:
            if not received:
                (pid,) = app.state.engine.workers.pids
                os.kill(pid, signal.SIGKILL)
            received.append(message["body"])

    await streamed(app, kill_at_the_first_piece, gone=asyncio.Event(), version=version)
    last = b"".join(received).decode().split("\n\n")[-2]
    assert last.startswith("event: error\ndata: ")
    event = json.loads(last.split("data: ")[1])
    assert (event["type"], event["status_code"], event["done"]) == ("error", 500, True)
    assert event.keys() >= {"title", "message", "error_code", "request_id"}
    assert ("error" in event) is old
    async with client(app) as api:
        assert await speech(api)
    await app.state.engine.close()


async def test_disconnect_frees_the_worker() -> None:
    """The next request does not wait for the rest of a long stream."""
    app = create_app(EngineSettings(workers=1, tts_concurrency=1))
    gone = asyncio.Event()

    async def leave_at_the_first_piece(message: Any) -> None:
        if message["type"] == "http.response.body":
            gone.set()

    await streamed(app, leave_at_the_first_piece, gone=gone)
    async with client(app) as api:
        assert await speech(api)
    assert app.state.engine.workers.busy == 0
    await app.state.engine.close()


async def streamed(app: Any, send: Any, *, gone: asyncio.Event, version: str = "2024-11-13") -> None:
    """Request a long stream at the ASGI level, which gives control of messages and disconnects."""
    body = json.dumps(speech_body(" ".join([SENTENCE] * 250), output_format=FLOAT)).encode()
    messages = [{"type": "http.request", "body": body, "more_body": False}]

    async def receive() -> dict[str, Any]:
        if messages:
            return messages.pop()
        await gone.wait()
        return {"type": "http.disconnect"}

    scope = {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "http_version": "1.1",
        "method": "POST",
        "scheme": "http",
        "path": "/tts/sse",
        "raw_path": b"/tts/sse",
        "query_string": b"",
        "root_path": "",
        "headers": [(b"x-api-key", b"k"), (b"cartesia-version", version.encode())],
        "client": ("client", 1),
        "server": ("engine", 80),
    }
    await app(scope, receive, send)


async def test_tags_are_applied_or_omitted_and_never_spoken(api: httpx.AsyncClient) -> None:
    """A pause is silence, spelled text is spelled, and no part of a tag is among the words."""
    plain = "Wait here. Now go on."
    tagged = '<emotion value="sad"/>Wait here. <break time="1.5s"/> Now go on.'
    lengths = [len(await speech(api, text, output_format=FLOAT)) / 4 / RATE_HZ for text in (plain, tagged)]
    assert lengths[1] - lengths[0] == pytest.approx(1.5, abs=0.05)
    told = await events(api, "The code is <spell>AB12</spell>, please.", add_timestamps=True)
    words = [word for event in of_type(told, "timestamps") for word in event["word_timestamps"]["words"]]
    assert words == ["The", "code", "is", "AB12", "please"]


async def test_transcript_of_tags_only_is_refused(api: httpx.AsyncClient) -> None:
    """It has no text to speak."""
    response = await api.post("/tts/bytes", json=speech_body('<break time="2s"/>', output_format=FLOAT))
    assert response.status_code == 400
