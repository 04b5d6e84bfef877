"""Event streams: their events, their end, and the closing of the connection."""

import asyncio
import base64
import json
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Any

import pytest

from tests.cartesia.multipart_forms import Sink, listening
from tests.cartesia.sending import KEY, Raising, cartesia
from tests.cartesia.test_key import everything_about, found_in
from tests.hostile_server import CUTS, End, HostileServer, Reply
from tests.hostile_speech import SARAH
from voicemill.cartesia.client import CartesiaClient
from voicemill.cartesia.stream_events import Chunk, Done, Event, PhonemeTimestamps, WordTimestamps
from voicemill.errors import AuthRefused, BadAnswer, CallError, Incomplete, Refused, Throttled, Transient
from voicemill.model import Word
from voicemill.model.audio_formats import AudioFormat

RAW = AudioFormat("raw", 16000, "pcm_s16le")
AUDIO = bytes(range(256)) * 4
DATA = base64.b64encode(AUDIO).decode()
CHUNK = {"type": "chunk", "status_code": 206, "done": False, "data": DATA, "step_time": 1.5}
DONE = {"type": "done", "status_code": 206, "done": True}
WORDS = {"words": ["Hello", "you"], "start": [0.0, 0.4], "end": [0.4, 0.9]}
SSE = [("Content-Type", "text/event-stream")]


def encoded(*events: dict[str, Any] | bytes) -> bytes:
    """The encoded events."""
    return b"".join(
        b"data: %b\n\n" % (each if isinstance(each, bytes) else json.dumps(each).encode()) for each in events
    )


def stream_reply(*events: dict[str, Any] | bytes, end: End = End.CHUNKED) -> Reply:
    """A response with a stream of events."""
    return Reply(200, SSE, encoded(*events), end)


def stream_of(service: CartesiaClient, **fields: Any) -> AsyncGenerator[Event, None]:
    """The event stream of a TTS request."""
    return service.tts.sse(model_id="sonic-2", transcript="Hello.", voice_id=SARAH, output_format=RAW, **fields)


async def events_of(reply: Reply, *, key: str = KEY, **options: Any) -> list[Event]:
    """All events that the client reads from a response."""
    with HostileServer([reply]) as server:
        async with cartesia(server.url, key=key, **options) as service:
            return [event async for event in stream_of(service)]


async def error_of(reply: Reply, **options: Any) -> CallError:
    """The error of a stream. Asserts that it refers to no library exception and does not contain the key."""
    with pytest.raises(CallError) as caught:
        await events_of(reply, **options)
    assert (caught.value.__cause__, caught.value.__context__) == (None, None)
    assert found_in(everything_about(caught.value)) == []
    return caught.value


async def test_events_are_typed() -> None:
    """Audio is decoded, words and phonemes have timestamps, unknown events are skipped, and Done is the last."""
    timestamps = {"type": "timestamps", "status_code": 206, "done": False, "word_timestamps": WORDS}
    phonemes = {"type": "phoneme_timestamps", "phoneme_timestamps": {"phonemes": ["h"], "start": [0.1], "end": [0.2]}}
    news = {"type": "weather", "status_code": 206, "done": False}
    found = await events_of(stream_reply({**CHUNK, "context_id": "c"}, timestamps, phonemes, news, DONE, CHUNK))
    assert found == [
        Chunk(AUDIO, 1.5, context_id="c"),
        WordTimestamps((Word("Hello", 0.0, 0.4), Word("you", 0.4, 0.9))),
        PhonemeTimestamps((Word("h", 0.1, 0.2),)),
        Done(),
    ]


async def test_stream_request_has_the_documented_form() -> None:
    """Timestamps are requested by the documented names, and nothing else is sent."""
    with HostileServer([stream_reply(DONE)]) as server:
        async with cartesia(server.url) as service:
            options = {"word_timestamps": True, "phoneme_timestamps": True, "normalized_timestamps": True}
            assert [event async for event in stream_of(service, **options, context_id="c")] == [Done()]
        assert (server.calls[0].method, server.calls[0].path) == ("POST", "/tts/sse")
        assert server.calls[0].json_body == {
            "model_id": "sonic-2",
            "transcript": "Hello.",
            "voice": {"mode": "id", "id": SARAH},
            "output_format": {"container": "raw", "sample_rate": 16000, "encoding": "pcm_s16le"},
            "add_timestamps": True,
            "add_phoneme_timestamps": True,
            "use_normalized_timestamps": True,
            "context_id": "c",
        }


@pytest.mark.parametrize(
    "body",
    [
        encoded({"status_code": 206, "data": DATA, "sample_rate": 16000}, {"status_code": 200, "done": True}),
        f'{{"type":"chunk","data":"{DATA}","sample_rate":16000}}\n{{"type":"done","done":true}}\n'.encode(),
        f'{{"type":"chunk","data":"{DATA}","sample_rate":16000}}\r\n{{"type":"done"}}'.encode(),
    ],
    ids=["events without type", "lines", "lines, the last without an end"],
)  # fmt: skip
async def test_voice_changer_stream_is_read_in_both_formats(body: bytes) -> None:
    """Server-sent events without a type and JSON lines give the same chunks."""
    with HostileServer([Reply(200, (), body)]) as server:
        async with cartesia(server.url) as service:
            changed = service.voice_changer.sse(b"clip", voice_id=SARAH, output_format=RAW)
            assert [event async for event in changed] == [Chunk(AUDIO, sample_rate_hz=16000), Done()]
        assert server.calls[0].path == "/voice-changer/sse"


@pytest.mark.parametrize(
    ("event", "kind", "text"),
    [
        ({"type": "error", "error": "Bad: no", "status_code": 400, "done": True}, Refused, "Bad: no (HTTP 400)"),
        ({"error": "no type", "status_code": 429}, Throttled, "no type"),
        ({"type": "error", "title": "T", "message": "M", "error": "T: M", "status_code": 500}, Transient, "T: M (HTTP"),
        ({"type": "error", "error_code": "voice_not_found", "message": "M", "status_code": 400}, Refused, "M"),
        ({"type": "error", "error": "no status", "done": True}, Transient, "no status"),
        ({"status_code": 401, "message": f"the key {KEY} is bad"}, AuthRefused, "the key **** is bad"),
        ({"type": "chunk", "status_code": 503, "done": False}, Transient, "HTTP 503"),
    ],
)  # fmt: skip
async def test_error_event_raises_its_error(event: dict[str, Any], kind: type[CallError], text: str) -> None:
    """An error event of any shape raises the error of its status, with its message and without the key."""
    error = await error_of(stream_reply(CHUNK, event))
    assert type(error) is kind
    assert text in str(error)
    assert KEY not in f"{error!s}{error!r}{vars(error)}"
    assert error.code == event.get("error_code", kind.code)


async def test_plain_text_error_event_raises_an_error() -> None:
    """An event named `error` does not have to be JSON."""
    error = await error_of(Reply(200, SSE, b"event: error\ndata: Server: on fire\n\n"))
    assert isinstance(error, Transient)
    assert "on fire" in str(error)


@pytest.mark.parametrize(
    "body",
    [b"", encoded(CHUNK), encoded(CHUNK)[:-30], encoded(CHUNK) + b": ping\n\n", encoded(DONE)[:-9],
     encoded({"type": "news"})],
    ids=["nothing", "audio alone", "cut in an event", "a ping", "cut in the last event", "other news"],
)  # fmt: skip
@pytest.mark.parametrize("end", [End.WHOLE, End.CLOSED])
async def test_stream_without_done_event_is_incomplete(body: bytes, end: End) -> None:
    """A stream without `Done` is incomplete, even if the connection ends normally."""
    error = await error_of(Reply(200, SSE, body, end))
    assert isinstance(error, Incomplete)
    assert error.billed == "unknown"


async def test_done_event_without_blank_line_is_accepted() -> None:
    """A stream is complete if `Done` arrived, even without the blank line."""
    assert await events_of(Reply(200, SSE, encoded(CHUNK, DONE)[:-2])) == [Chunk(AUDIO, 1.5), Done()]


@pytest.mark.parametrize("end", [*CUTS, End.HEADERS_CUT, End.HEADERS_RESET, End.NO_ANSWER], ids=str)
async def test_broken_stream_is_retryable(end: End) -> None:
    """Every way of breaking off raises a retryable error."""
    error = await error_of(stream_reply(CHUNK, CHUNK, CHUNK, DONE, end=end), deadline_s=20)
    assert isinstance(error, Incomplete)


@pytest.mark.parametrize(
    "event",
    [b"{", b"[]", b"7", b"null", b"\xff", {**CHUNK, "data": "not Base64!"}, {**CHUNK, "data": 7}, {"type": "chunk"},
     {"type": "timestamps", "word_timestamps": {"words": ["a"], "start": [], "end": []}},
     b'{"type": "timestamps", "word_timestamps": {"words": ["a"], "start": [NaN], "end": [1]}}'],
    ids=str,
)  # fmt: skip
async def test_invalid_event_is_a_bad_answer(event: dict[str, Any] | bytes) -> None:
    """An invalid event ends the stream."""
    assert type(await error_of(stream_reply(CHUNK, event, DONE))) is BadAnswer


async def test_error_status_of_a_stream_raises_its_error() -> None:
    """A status other than 200 raises its error."""
    assert type(await error_of(Reply(402, (), b"No credits"))).__name__ == "QuotaExhausted"
    assert type(await error_of(Reply(302, [("Location", "/")]))) is Refused
    assert type(await error_of(Reply(200, [*SSE, ("Content-Encoding", "gzip")], b"x"))) is BadAnswer


async def test_deadline_applies_to_the_whole_stream() -> None:
    """A stream that never ends is closed at the deadline."""
    error = await error_of(Reply(200, SSE, encoded(CHUNK, DONE), End.CHUNKED, drip_s=0.02), deadline_s=0.4)
    assert (type(error), error.code) == (Transient, "deadline")


async def test_stream_size_is_limited() -> None:
    """An endless stream ends at the size limit."""
    error = await error_of(Reply(200, SSE, encoded(CHUNK), End.CHUNKED, times=10_000), max_body_bytes=100_000)
    assert "larger than" in str(error)


@pytest.mark.parametrize("mistake", [OSError("x"), ValueError("x")], ids=repr)
async def test_foreign_exceptions_of_a_stream_are_mapped(mistake: Exception) -> None:
    """Network errors within a stream become a `CallError`."""
    async with cartesia(transport=Raising(mistake, in_body=True)) as service:
        with pytest.raises(CallError) as caught:
            _ = [event async for event in stream_of(service)]
    assert (caught.value.__cause__, caught.value.__context__) == (None, None)


ENDLESS = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n%x\r\n%b\r\n" % (len(encoded(CHUNK)), encoded(CHUNK))


async def test_leaving_a_stream_closes_the_connection() -> None:
    """Leaving the loop stops the service from sending."""
    async with listening(Sink(ENDLESS)) as sink, cartesia(sink.url) as service:
        async with aclosing(stream_of(service)) as events:
            assert isinstance(await anext(events), Chunk)
            assert not sink.gone.is_set()
        await sink.gone.wait()


async def test_cancelled_stream_closes_its_connection() -> None:
    """Cancelling the consumer ends the stream."""
    received: list[Event] = []

    async def listen(service: CartesiaClient) -> None:
        async for event in stream_of(service):
            received.append(event)  # noqa: PERF401 - one by one, as they come

    async with listening(Sink(ENDLESS)) as sink, cartesia(sink.url) as service:
        task = asyncio.create_task(listen(service))
        while not received:
            await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await sink.gone.wait()
