"""The pitch of recordings of people, which have noise and hum that synthesized speech does not have."""

from collections.abc import Iterator
from itertools import pairwise

import numpy as np
import pyworld

from voicemill.engine.voice_analysis.blocks import HOP, block_starts
from voicemill.engine.voice_analysis.measures import (
    FRAME_MS,
    HIGHEST_F0_HZ,
    LOWEST_F0_HZ,
    RATE_HZ,
    Floats,
    Samples,
    f0_contour,
)

_LOUD_DB = 20.0


def recorded_f0_contours(samples: Samples) -> Iterator[Floats]:
    """The fundamental frequency every 5 ms, 0 where there is no voice, block by block (WORLD: Harvest and StoneMask).

    In a noisy recording `f0_contour` misses up to two thirds of the voice, and it follows mains hum. Harvest does not,
    and takes ten times as long. It runs on blocks of at most 20 s, because its memory grows with the length.
    """
    rough = f0_contour(samples)
    if not rough.any():
        yield rough
        return
    lowest_hz = _lowest_hz(samples, rough)
    for first, last in pairwise([0, *block_starts(samples, rough.size), rough.size]):
        signal = samples[first * HOP : last * HOP].astype(np.float64)
        pitch, times = pyworld.harvest(signal, RATE_HZ, lowest_hz, HIGHEST_F0_HZ, FRAME_MS)
        yield pyworld.stonemask(signal, pitch, times, RATE_HZ)[: last - first]


def _lowest_hz(samples: Samples, pitch: Floats) -> float:
    """An octave below the median pitch of the loud voiced frames, so that a high voice's hum and creak are left out."""
    whole = np.pad(samples, (0, pitch.size * HOP - samples.size))
    powers = np.square(whole, dtype=np.float64).reshape(-1, HOP).mean(axis=1)
    voiced = pitch > 0
    loud = voiced & (powers >= powers[voiced].max() * 10 ** (-_LOUD_DB / 10))
    return max(LOWEST_F0_HZ, float(np.median(pitch[loud])) / 2)
