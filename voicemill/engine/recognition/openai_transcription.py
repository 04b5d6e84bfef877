"""Transcription by an OpenAI-compatible server (`/v1/audio/transcriptions`)."""

import io
import wave
from collections.abc import Iterable, Iterator
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from voicemill.engine.environment import text_from_environment
from voicemill.engine.openai_server import OpenAIServer
from voicemill.engine.recognition.recognizer import RecognizedSegment, RecognizedWord, decoding_flags
from voicemill.engine.recognition.utterances import RATE_HZ, five_minute_excerpts

MODEL_VARIABLE: Final = "VOICEMILL_OPENAI_TRANSCRIPTION_MODEL"
_DEFAULT_MODEL: Final = "whisper-1"


class OpenAITranscription:
    """A recognizer that sends five minutes at a time. Raises `ConfigError` without an address."""

    languages = None

    def __init__(self) -> None:
        self._server = OpenAIServer.from_environment()
        self._model = text_from_environment(MODEL_VARIABLE) or _DEFAULT_MODEL

    @property
    def identity(self) -> str:
        """A digest of the address and the model."""
        return f"openai-stt.{self._server.identity(self._model)}"

    def transcribe(self, blocks: Iterable[NDArray[np.float32]], language: str | None) -> Iterator[RecognizedSegment]:
        """One segment for each excerpt. Raises `Refusal`."""
        for excerpt in five_minute_excerpts(blocks):
            answer = self._server.transcription(_wav(excerpt.samples), model=self._model, language=language)
            yield _segment(answer, language, excerpt.start / RATE_HZ)


def _segment(answer: dict[str, Any], language: str | None, offset_s: float) -> RecognizedSegment:
    words = [
        RecognizedWord(str(word["word"]).strip(), offset_s + float(word["start"]), offset_s + float(word["end"]))
        for word in answer.get("words") or ()
    ]
    flags = {flag for segment in answer.get("segments") or () for flag in _flags(segment)}
    return RecognizedSegment(answer["text"].strip(), tuple(words), language or "", tuple(sorted(flags)))


def _flags(segment: dict[str, Any]) -> tuple[str, ...]:
    return decoding_flags(
        log_probability=float(segment.get("avg_logprob") or 0.0),
        no_speech=float(segment.get("no_speech_prob") or 0.0),
        compression=float(segment.get("compression_ratio") or 0.0),
    )


def _wav(samples: NDArray[np.float32]) -> bytes:
    file = io.BytesIO()
    with wave.open(file, "wb") as recording:
        recording.setnchannels(1)
        recording.setsampwidth(2)
        recording.setframerate(RATE_HZ)
        recording.writeframes((np.clip(samples, -1.0, 1.0) * 32767).astype("<i2").tobytes())
    return file.getvalue()
