"""Splits recordings into blocks of at most 20 s, so that analysis needs little memory."""

from typing import Final

import numpy as np

from voicemill.engine.voice_analysis.measures import FRAME_MS, RATE_HZ, Samples

HOP: Final = int(RATE_HZ * FRAME_MS / 1000)
"""The samples of a frame."""
_LONGEST_FRAMES: Final = int(20_000 / FRAME_MS)


def block_starts(samples: Samples, frames: int) -> list[int]:
    """The frames at which to split: the quietest of the second half of each block of at most 20 s."""
    starts: list[int] = []
    first = 0
    while frames - first > _LONGEST_FRAMES:
        half, last = first + _LONGEST_FRAMES // 2, first + _LONGEST_FRAMES
        energy = np.square(samples[half * HOP : last * HOP]).reshape(-1, HOP).sum(axis=1)
        first = half + int(np.argmin(np.convolve(energy, np.ones(9), "same")))
        starts.append(first)
    return starts
