"""Detect channels that cancel each other when they are mixed, as one channel with inverted polarity does."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from voicemill.audio.blocks import Samples

_WINDOWS_PER_S: Final = 4
_AUDIBLE: Final = 10 ** (-50 / 10)
"""The least mean square of a window that counts."""
_BELOW_SPEECH: Final = 0.01
"""Windows with less than this share of the power of loud ones count as pauses, and channels of a window as silent."""
_LOUD: Final = 90
"""The percentile of the powers of all windows that counts as loud."""
_SHORTEST_S: Final = 0.5
"""Shorter parts of a recording cancel by chance, as in music."""
_CANCELLED: Final = 0.1
"""Unrelated channels have a ratio of 1, equal channels that of their number, opposite channels 0."""


class PhaseMeter:
    """Compares, for each quarter of a second, the power of the mix with the power of the channels."""

    def __init__(self, sample_rate_hz: int) -> None:
        self._window = max(1, sample_rate_hz // _WINDOWS_PER_S)
        self._blocks: list[Samples] = []
        self._samples = 0
        self._powers: list[NDArray[np.float64]] = []
        self._cancelled: list[bool] = []

    def add(self, block: Samples) -> None:
        """Add samples of shape (samples, channels)."""
        if self._blocks and self._blocks[0].shape[1:] != block.shape[1:]:
            self._measure()
        self._blocks.append(block)
        self._samples += len(block)
        if self._samples >= self._window:
            self._measure()

    def best_channel(self) -> tuple[int | None, float]:
        """The channel to use alone, None for the mix of all, and how many seconds of sound are lost in it.

        A mix loses the windows that cancel, a channel those in which only others sound.
        """
        self._measure()
        if sum(self._cancelled) < _SHORTEST_S * _WINDOWS_PER_S:
            return None, 0.0
        powers = self._same_shapes()
        loudest = powers.max(axis=1)
        is_speech = loudest >= _BELOW_SPEECH * np.percentile(loudest, _LOUD)
        mix_s = float(np.sum(np.array(self._cancelled) & is_speech)) / _WINDOWS_PER_S
        is_silent = is_speech[:, None] & (powers < _BELOW_SPEECH * loudest[:, None])
        channels_s = is_silent.sum(axis=0) / _WINDOWS_PER_S
        best = max(range(powers.shape[1]), key=lambda channel: (-channels_s[channel], powers[:, channel].sum()))
        if mix_s < _SHORTEST_S:
            return None, 0.0
        return (best, float(channels_s[best])) if channels_s[best] < mix_s else (None, mix_s)

    def _same_shapes(self) -> NDArray[np.float64]:
        """The power of each channel in each window; the number of channels may change in joined files."""
        most = max(map(len, self._powers))
        return np.array([np.pad(power, (0, most - len(power)), mode="edge") for power in self._powers])

    def _measure(self) -> None:
        if not self._samples:
            return
        samples = np.concatenate(self._blocks).astype(np.float64)
        self._blocks, self._samples = [], 0
        power = np.square(samples).mean(axis=0)
        if power.max() < _AUDIBLE:
            return
        unrelated = power.sum() / len(power) ** 2
        self._powers.append(power)
        self._cancelled.append(bool(np.square(samples.mean(axis=1)).mean() < _CANCELLED * unrelated))
