"""Sounds with the rhythm of speech: syllables of changing pitch and level, with pauses and a soft end."""

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]


def speech_like(seconds: float, rate_hz: int = 16_000, seed: int = 1) -> Floats:
    """Mono samples in -1..1: harmonics with a random pitch for each syllable of about 0.2 s."""
    rng = np.random.default_rng(seed)
    syllables = [_syllable(rng, rate_hz) for _ in range(int(seconds / 0.2))]
    return np.concatenate(syllables).astype(np.float32)


def _syllable(rng: np.random.Generator, rate_hz: int) -> Floats:
    frames = round(rate_hz * 0.2)
    moments = np.arange(frames) / rate_hz
    pitch_hz, partials = rng.uniform(90, 240), rng.uniform(0, 1, 12)
    tone = sum(level * np.sin(2 * np.pi * pitch_hz * (n + 1) * moments) for n, level in enumerate(partials))
    envelope = np.sin(np.pi * np.linspace(0, 1, frames)) ** 2 * rng.uniform(0.3, 1.0)
    return np.asarray(tone / partials.sum() * envelope * 0.5, np.float32)
