"""The input and output of synthesizers."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from voicemill.engine.synthesis.controls import Delivery
from voicemill.engine.version import NATURAL_VERSION
from voicemill.engine.voices.timbre import Timbre


@dataclass(frozen=True, slots=True, kw_only=True)
class Speech:
    """A transcript and everything that determines how it sounds.

    `language` is a two-letter code and `accent` an espeak-ng voice. `take` numbers the readings of one transcript;
    `delivery` already includes what is different in this one. `natural_version` is that of the natural voices.
    """

    transcript: str
    language: str
    accent: str
    timbre: Timbre
    delivery: Delivery
    sample_rate_hz: int
    take: int = 0
    natural_version: str = NATURAL_VERSION


@dataclass(frozen=True, slots=True)
class Utterance:
    """Mono float32 samples with the start of each word and phoneme.

    `words`: (offset in the text, length, sample). `phonemes`: (IPA, sample); an empty name is a pause. Offsets count
    characters from 0.
    """

    samples: NDArray[np.float32]
    sample_rate_hz: float
    words: tuple[tuple[int, int, int], ...] = ()
    phonemes: tuple[tuple[str, int], ...] = ()


def samples_of(pcm: bytes) -> NDArray[np.float32]:
    """Signed 16-bit little-endian samples as float32 from -1 to 1."""
    return np.frombuffer(pcm, "<i2").astype(np.float32) / np.float32(32768)
