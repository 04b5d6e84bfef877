"""The typed events of a stream: pieces of audio, times of words and phonemes, the end.

Sources: the events of `/tts/sse`, which have a `type`, and those of `/voice-changer/sse`, which have none in API
versions from 2025-11-04 on.
"""

import base64
import json
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass, field, replace
from typing import Any

from voicemill.cartesia.event_stream import EventLines, Sent
from voicemill.cartesia.response_model import ResponseModel, checked
from voicemill.cartesia.transport import Stream, json_of
from voicemill.errors import BadAnswer, CallError, Incomplete
from voicemill.model import Word

_STATUS_OF_AN_ERROR_WITHOUT_ONE = 500


@dataclass(frozen=True, slots=True)
class Chunk:
    """A piece of audio; `step_time_ms` is how long the service took for it."""

    audio: bytes = field(repr=False)
    step_time_ms: float | None = None
    sample_rate_hz: int | None = None
    context_id: str | None = None


@dataclass(frozen=True, slots=True)
class WordTimestamps:
    """Words, and when they are said: seconds from the beginning of the speech."""

    words: tuple[Word, ...]
    context_id: str | None = None


@dataclass(frozen=True, slots=True)
class PhonemeTimestamps:
    """Phonemes in the place of words."""

    phonemes: tuple[Word, ...]
    context_id: str | None = None


@dataclass(frozen=True, slots=True)
class Done:
    """The last event of a whole stream."""

    context_id: str | None = None


Event = Chunk | WordTimestamps | PhonemeTimestamps | Done


class _Times(ResponseModel):
    start: list[float]
    end: list[float]


class _Words(_Times):
    words: list[str]


class _Phonemes(_Times):
    phonemes: list[str]


class _Event(ResponseModel):
    type: str | None = None
    done: bool = False
    status_code: int | None = None
    data: str | None = None
    step_time: float | None = None
    sample_rate: int | None = None
    context_id: str | None = None
    word_timestamps: _Words | None = None
    phoneme_timestamps: _Phonemes | None = None


async def events_of(stream: Stream) -> AsyncGenerator[Event, None]:
    """The events of a stream up to its `Done`; kinds that this client does not know are passed over.

    Raises what an error event means, `Incomplete` where the stream ends without `Done`, `BadAnswer` for nonsense.
    """
    async with aclosing(_sent(stream)) as all_sent:
        async for sent in all_sent:
            event = _event(sent, stream)
            if event is not None:
                yield event
            if isinstance(event, Done):
                return
    raise _cut()


async def _sent(stream: Stream) -> AsyncGenerator[Sent, None]:
    lines = EventLines()
    async with aclosing(stream.pieces()) as pieces:
        async for piece in pieces:
            for sent in lines.feed(piece):
                yield replace(sent, data=stream.masked(sent.data))
    for sent in lines.finish():
        yield replace(sent, data=stream.masked(sent.data))


def _event(sent: Sent, stream: Stream) -> Event | None:
    if sent.data.strip() == b"[DONE]":
        return Done()
    try:
        return _read(sent, stream)
    except BadAnswer as error:
        failed: CallError = error
    if not sent.whole:
        failed = _cut()
    elif sent.name == "error":
        failed = stream.failure(_STATUS_OF_AN_ERROR_WITHOUT_ONE, sent.data)
    raise failed


def _read(sent: Sent, stream: Stream) -> Event | None:
    content = json_of(sent.data)
    told = checked(_Event, content)
    if sent.name == "error" or _is_error(told, content):
        raise _failure(told.status_code, content, stream)
    return _typed(told)


def _is_error(told: _Event, content: dict[str, Any]) -> bool:
    return told.type == "error" or (told.status_code or 200) >= 400 or (told.type is None and "error" in content)


def _failure(status: int | None, content: dict[str, Any], stream: Stream) -> CallError:
    """The service says the same twice, as `error` to old clients and as title and message to new ones."""
    said = {name: value for name, value in content.items() if name != "error" or "message" not in content}
    is_error = status is not None and status >= 400
    return stream.failure(status if is_error and status else _STATUS_OF_AN_ERROR_WITHOUT_ONE, json.dumps(said).encode())


def _typed(told: _Event) -> Event | None:
    if told.done or told.type == "done":
        return Done(told.context_id)
    if told.word_timestamps is not None:
        times = told.word_timestamps
        return WordTimestamps(_timed(times.words, times), told.context_id)
    if told.phoneme_timestamps is not None:
        phones = told.phoneme_timestamps
        return PhonemeTimestamps(_timed(phones.phonemes, phones), told.context_id)
    if told.data is not None:
        return Chunk(_audio(told.data), told.step_time, told.sample_rate, told.context_id)
    if told.type in ("chunk", "timestamps", "phoneme_timestamps"):
        raise BadAnswer(f"an event of type {told.type} came without its content")
    return None


def _timed(words: list[str], times: _Times) -> tuple[Word, ...]:
    if not len(words) == len(times.start) == len(times.end):
        raise BadAnswer("an event has words without times, or times without words")
    return tuple(map(Word, words, times.start, times.end))


def _audio(data: str) -> bytes:
    try:
        return base64.b64decode(data, validate=True)
    except ValueError:
        pass
    raise BadAnswer("an event has audio that is no Base64")


def _cut() -> Incomplete:
    return Incomplete("the stream ended before its last event", billed="unknown")
