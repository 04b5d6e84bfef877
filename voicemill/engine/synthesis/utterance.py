"""What a synthesizer gives back."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Utterance:
    """Mono float32 samples, and when what was said.

    `words`: (offset in the text, length, sample). `phonemes`: (IPA, sample). Offsets count characters from 0.
    """

    samples: NDArray[np.float32]
    sample_rate_hz: float
    words: tuple[tuple[int, int, int], ...] = ()
    phonemes: tuple[tuple[str, int], ...] = ()


def samples_of(pcm: bytes) -> NDArray[np.float32]:
    """Signed 16-bit little-endian samples as float32 in -1..1."""
    return np.frombuffer(pcm, "<i2").astype(np.float32) / np.float32(32768)
