"""Detect channels that cancel each other when they are mixed, as one channel with inverted polarity does."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from voicemill.audio.blocks import Samples

_AUDIBLE: Final = 10 ** (-50 / 10)
"""The least mean square of a second that counts."""
_CANCELLED: Final = 0.1
"""Unrelated channels have a ratio of 1, equal channels that of their number, opposite channels 0."""
_SHARE: Final = 0.1
"""The share of audible seconds that must be cancelled before a channel is used alone."""


class PhaseMeter:
    """Compares, second by second, the power of the mix with the power of the channels."""

    def __init__(self, sample_rate_hz: int) -> None:
        self._second = sample_rate_hz
        self._blocks: list[Samples] = []
        self._samples = 0
        self._audible = 0
        self._cancelled = 0
        self._power: NDArray[np.float64] = np.zeros(1)

    def add(self, block: Samples) -> None:
        """Add samples of shape (samples, channels)."""
        if self._blocks and self._blocks[0].shape[1:] != block.shape[1:]:
            self._measure()
        self._blocks.append(block)
        self._samples += len(block)
        if self._samples >= self._second:
            self._measure()

    def channel(self) -> int | None:
        """The loudest channel if the mix of all cancels, else None."""
        self._measure()
        if not self._cancelled or self._cancelled < _SHARE * self._audible:
            return None
        return int(self._power.argmax())

    def _measure(self) -> None:
        if not self._samples:
            return
        samples = np.concatenate(self._blocks).astype(np.float64)
        self._blocks, self._samples = [], 0
        power = np.square(samples).mean(axis=0)
        if power.max() < _AUDIBLE:
            return
        unrelated = power.sum() / len(power) ** 2
        self._audible += 1
        self._cancelled += bool(np.square(samples.mean(axis=1)).mean() < _CANCELLED * unrelated)
        self._power = self._power + power if self._power.shape == power.shape else power
