"""A piece of audio that takes the place of another: exactly as long, and without a click at either end."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

_FADE_S: Final = 0.005


def fitted(samples: NDArray[np.float32], frames: int, sample_rate_hz: int) -> NDArray[np.float32]:
    """`samples` cut or filled up with silence to `frames`, faded in and out within 5 ms."""
    fit: NDArray[np.float32] = np.zeros(max(0, frames), np.float32)
    size = min(samples.size, fit.size)
    fit[:size] = samples[:size]
    fade = min(round(_FADE_S * sample_rate_hz), size // 2)
    if fade:
        rise = (0.5 - 0.5 * np.cos(np.linspace(0, np.pi, fade, endpoint=False))).astype(np.float32)
        fit[:fade] *= rise
        fit[size - fade : size] *= rise[::-1]
    return fit
