"""Room tone: noise at a low level under the whole recording, so that pauses are never digital silence."""

from functools import cache
from typing import Final

import numpy as np

from voicemill.audio.blocks import Mono

LEVEL_DB: Final = -72.0
"""The RMS: 12 dB below the highest noise floor that shops accept."""
_LOOP_S: Final = 10
_SEED: Final = 12
_KNEE_HZ: Final = 200.0


@cache
def _loop(sample_rate_hz: int) -> Mono:
    """Ten seconds of noise that falls by 6 dB an octave above the knee; its end continues into its start."""
    samples = _LOOP_S * sample_rate_hz
    spectrum = np.fft.rfft(np.random.RandomState(_SEED).standard_normal(samples))
    frequencies_hz = np.fft.rfftfreq(samples, 1 / sample_rate_hz)
    spectrum /= np.sqrt(1 + (frequencies_hz / _KNEE_HZ) ** 2)
    spectrum[frequencies_hz < 20] = 0
    noise = np.fft.irfft(spectrum, samples)
    return np.asarray(noise * (10 ** (LEVEL_DB / 20) / np.sqrt(np.square(noise).mean())), np.float32)


def room_tone(position: int, samples: int, sample_rate_hz: int) -> Mono:
    """The tone from sample `position` of a file on."""
    loop = _loop(sample_rate_hz)
    return loop[np.arange(position, position + samples) % loop.size]
