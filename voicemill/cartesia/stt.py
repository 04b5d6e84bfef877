"""`stt` of the reference: recordings to text."""

from dataclasses import dataclass, field
from typing import Literal

from voicemill.cartesia.request_body import Form, Upload
from voicemill.cartesia.response_model import ResponseModel, checked
from voicemill.cartesia.transport import Reply, Transport, json_of
from voicemill.model import Word

SampleEncoding = Literal["pcm_s16le", "pcm_s32le", "pcm_f16le", "pcm_f32le", "pcm_mulaw", "pcm_alaw"]


@dataclass(frozen=True, slots=True)
class Transcription:
    """What is said in a recording. `words` is empty unless they were asked for; `reply` is the answer as it came.

    It is None for a kept answer that was read again.
    """

    text: str
    language: str | None
    duration_s: float | None
    words: tuple[Word, ...]
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


class SpeechToText:
    """`stt` of the reference."""

    def __init__(self, wire: Transport) -> None:
        self._wire = wire

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
        """The text of a recording: flac, m4a, mp3, mp4, mpeg, mpga, oga, ogg, wav or webm of up to 2 GB.

        `encoding` and `sample_rate_hz` are for samples without a header. An upload of hours takes longer than a call:
        give it a `deadline_s`.
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
        return _transcription(await self._wire.ask("POST", "stt", form, query=query, deadline_s=deadline_s))


def read_transcription(body: bytes) -> Transcription:
    """A kept answer of `stt.transcribe`, read again; its `reply` is None. Raises `BadAnswer`."""
    return _read(body, None)


def _transcription(reply: Reply) -> Transcription:
    return _read(reply.body, reply)


def _read(body: bytes, reply: Reply | None) -> Transcription:
    told = checked(_Transcription, json_of(body))
    words = tuple(Word(word.word, word.start, word.end) for word in told.words or ())
    return Transcription(told.text, told.language, told.duration, words, reply)
