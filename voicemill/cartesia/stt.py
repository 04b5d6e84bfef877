"""Speech to text."""

import re
from dataclasses import dataclass, field
from typing import Any, Final, Literal

from voicemill.cartesia.request_body import Form, Upload
from voicemill.cartesia.response_model import ResponseModel, checked
from voicemill.cartesia.transport import Reply, Transport, json_of
from voicemill.model import Word

_FLAG: Final = re.compile(r"[a-z][a-z_]{0,31}")

SampleEncoding = Literal["pcm_s16le", "pcm_s32le", "pcm_f16le", "pcm_f32le", "pcm_mulaw", "pcm_alaw"]


@dataclass(frozen=True, slots=True)
class Transcription:
    """The transcript of a recording, its language and its length in seconds.

    `words` is empty unless word timestamps were requested. `flags` names reasons of the recognizer to doubt the text;
    only the embedded engine reports them. `reply` is the response; None for a stored answer.
    """

    text: str
    language: str | None
    duration_s: float | None
    words: tuple[Word, ...]
    flags: tuple[str, ...] = ()
    reply: Reply | None = field(default=None, repr=False, compare=False)


class _Word(ResponseModel):
    word: str
    start: float
    end: float


class _Transcription(ResponseModel):
    text: str
    language: str | None = None
    duration: float | None = None
    words: list[_Word] | None = None
    flags: Any = None
    """An extension of the embedded engine. Any value of another service under this name is accepted and ignored."""


class SpeechToText:
    """Transcribe recordings."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    async def transcribe(
        self,
        file: Upload,
        *,
        model: str = "ink-whisper",
        language: str | None = None,
        word_timestamps: bool = False,
        encoding: SampleEncoding | None = None,
        sample_rate_hz: int | None = None,
        deadline_s: float | None = None,
    ) -> Transcription:
        """Transcribe a recording: flac, m4a, mp3, mp4, mpeg, mpga, oga, ogg, wav or webm of up to 2 GB.

        `encoding` and `sample_rate_hz` describe raw samples without a header. A long recording needs a `deadline_s`
        above the default, for the upload and the response together. Raises `CallError`.

            transcription = await client.stt.transcribe(Path("talk.wav"), language="en", word_timestamps=True)
            for word in transcription.words:
                print(word.start_s, word.end_s, word.word)  # seconds from the beginning
        """
        fields = [("model", model)]
        if language:
            fields.append(("language", language))
        if word_timestamps:
            fields.append(("timestamp_granularities[]", "word"))
        query = [("encoding", encoding)] if encoding else []
        if sample_rate_hz is not None:
            query.append(("sample_rate", str(sample_rate_hz)))  # type: ignore[arg-type]
        form = Form(fields, {"file": file})
        return _transcription(await self._transport.send("POST", "stt", form, query=query, deadline_s=deadline_s))


def read_transcription(body: bytes) -> Transcription:
    """Parse a stored answer of `stt.transcribe`; its `reply` is None. Raises `BadAnswer`."""
    return _read(body, None)


def _transcription(reply: Reply) -> Transcription:
    return _read(reply.body, reply)


def _read(body: bytes, reply: Reply | None) -> Transcription:
    content = checked(_Transcription, json_of(body))
    words = tuple(Word(word.word, word.start, word.end) for word in content.words or ())
    return Transcription(content.text, content.language, content.duration, words, _flags(content.flags), reply)


def _flags(sent: Any) -> tuple[str, ...]:  # noqa: ANN401 - unverified
    flags = sent if isinstance(sent, list) else []
    return tuple(flag for flag in flags if isinstance(flag, str) and _FLAG.fullmatch(flag))
