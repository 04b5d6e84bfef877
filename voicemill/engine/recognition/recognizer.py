"""The interface of a recognizer. `docs/backends.md` shows how to write one."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final, NamedTuple, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

NO_SPEECH: Final = "no_speech"

# OpenAI's thresholds for a failed decoding by Whisper.
_LOWEST_LOG_PROBABILITY: Final = -1.0
_HIGHEST_COMPRESSION: Final = 2.4
_HIGHEST_NO_SPEECH: Final = 0.6


class RecognizedWord(NamedTuple):
    """One word with its start and end in seconds from the start of the recording."""

    word: str
    start_s: float
    end_s: float


@dataclass(frozen=True, slots=True)
class RecognizedSegment:
    """A part of a transcript.

    `text` includes punctuation. `language` is the code of the language that was recognized, empty when unknown.
    `flags` names reasons to doubt the text: `no_speech`, `low_probability`, `repetition`.
    """

    text: str
    words: tuple[RecognizedWord, ...]
    language: str
    flags: tuple[str, ...] = ()


@runtime_checkable
class Recognizer(Protocol):
    """A speech recognizer.

    The server creates one instance to learn its identity, and each worker process creates one to transcribe. Load
    models on first use of `transcribe`.
    """

    @property
    def identity(self) -> str:
        """Distinguishes the recognizer's output from that of other versions and weights, as in the service name."""

    @property
    def languages(self) -> frozenset[str] | None:
        """The codes of the languages that it recognizes, None for no restriction."""

    def transcribe(self, blocks: Iterable[NDArray[np.float32]], language: str | None) -> Iterator[RecognizedSegment]:
        """Transcribe mono samples at 16 kHz, given in blocks of any size with a peak level of 0.7.

        `language` None means that the recognizer detects it. The same samples must give the same text. Raises
        `Refusal`.
        """


def decoding_flags(*, log_probability: float, no_speech: float, compression: float) -> tuple[str, ...]:
    """The signs of invented text that Whisper's decoder itself reports for a segment."""
    is_improbable = log_probability < _LOWEST_LOG_PROBABILITY
    signs = {
        NO_SPEECH: is_improbable and no_speech > _HIGHEST_NO_SPEECH,
        "low_probability": is_improbable,
        "repetition": compression > _HIGHEST_COMPRESSION,
    }
    return tuple(name for name, is_present in signs.items() if is_present)
