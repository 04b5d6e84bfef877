"""The typed events of a stream: audio chunks, word and phoneme timestamps, and the end.

Sources: the reference of `/tts/sse`, whose events have a `type`, and of `/voice-changer/sse`, whose events have no
`type` from API version 2025-11-04 on.
"""

import base64
import json
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass, field, replace
from typing import Any

from voicemill.cartesia.event_stream import EventParser, RawEvent
from voicemill.cartesia.response_model import ResponseModel, checked
from voicemill.cartesia.transport import Stream, json_of
from voicemill.errors import BadAnswer, CallError, Incomplete
from voicemill.model import Word

_DEFAULT_ERROR_STATUS = 500


@dataclass(frozen=True, slots=True)
class Chunk:
    """A chunk of audio; `step_time_ms` is the time that the service took to generate it."""

    audio: bytes = field(repr=False)
    step_time_ms: float | None = None
    sample_rate_hz: int | None = None
    context_id: str | None = None


@dataclass(frozen=True, slots=True)
class WordTimestamps:
    """Words with their start and end in seconds from the beginning of the speech."""

    words: tuple[Word, ...]
    context_id: str | None = None


@dataclass(frozen=True, slots=True)
class PhonemeTimestamps:
    """Phonemes with their start and end in seconds from the beginning of the speech."""

    phonemes: tuple[Word, ...]
    context_id: str | None = None


@dataclass(frozen=True, slots=True)
class Done:
    """The last event of a complete stream."""

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
    """The events of a stream up to `Done`; unknown types are skipped.

    Raises the `CallError` of an error event, `Incomplete` if the stream ends without `Done`, and `BadAnswer` for an
    invalid event.
    """
    async with aclosing(_raw_events(stream)) as raw_events:
        async for raw in raw_events:
            event = _event(raw, stream)
            if event is not None:
                yield event
            if isinstance(event, Done):
                return
    raise _incomplete()


async def _raw_events(stream: Stream) -> AsyncGenerator[RawEvent, None]:
    parser = EventParser()
    async with aclosing(stream.chunks()) as chunks:
        async for chunk in chunks:
            for raw in parser.feed(chunk):
                yield replace(raw, data=stream.mask(raw.data))
    for raw in parser.finish():
        yield replace(raw, data=stream.mask(raw.data))


def _event(raw: RawEvent, stream: Stream) -> Event | None:
    if raw.data.strip() == b"[DONE]":
        return Done()
    try:
        return _read(raw, stream)
    except BadAnswer as error:
        failed: CallError = error
    if not raw.is_whole:
        failed = _incomplete()
    elif raw.name == "error":
        failed = stream.failure(_DEFAULT_ERROR_STATUS, raw.data)
    raise failed


def _read(raw: RawEvent, stream: Stream) -> Event | None:
    content = json_of(raw.data)
    event = checked(_Event, content)
    if raw.name == "error" or _is_error(event, content):
        raise _failure(event.status_code, content, stream)
    return _typed(event)


def _is_error(event: _Event, content: dict[str, Any]) -> bool:
    return event.type == "error" or (event.status_code or 200) >= 400 or (event.type is None and "error" in content)


def _failure(status: int | None, content: dict[str, Any], stream: Stream) -> CallError:
    """The error of an event. The service repeats the message: as `error` for old clients, as `message` for new ones."""
    reason = {name: value for name, value in content.items() if name != "error" or "message" not in content}
    is_error = status is not None and status >= 400
    return stream.failure(status if is_error and status else _DEFAULT_ERROR_STATUS, json.dumps(reason).encode())


def _typed(event: _Event) -> Event | None:
    if event.done or event.type == "done":
        return Done(event.context_id)
    if event.word_timestamps is not None:
        times = event.word_timestamps
        return WordTimestamps(_timed(times.words, times), event.context_id)
    if event.phoneme_timestamps is not None:
        phones = event.phoneme_timestamps
        return PhonemeTimestamps(_timed(phones.phonemes, phones), event.context_id)
    if event.data is not None:
        return Chunk(_audio(event.data), event.step_time, event.sample_rate, event.context_id)
    if event.type in ("chunk", "timestamps", "phoneme_timestamps"):
        raise BadAnswer(f"an event of type {event.type} has no content")
    return None


def _timed(words: list[str], times: _Times) -> tuple[Word, ...]:
    if not len(words) == len(times.start) == len(times.end):
        raise BadAnswer("an event has a different number of words and timestamps")
    return tuple(map(Word, words, times.start, times.end))


def _audio(data: str) -> bytes:
    try:
        return base64.b64decode(data, validate=True)
    except ValueError:
        pass
    raise BadAnswer("an event has audio that is not Base64")


def _incomplete() -> Incomplete:
    return Incomplete("the stream ended before its last event", billed="unknown")
