"""Trim the context that a service returns around new speech, and pad or trim audio to an exact length."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]

_COMPARED_S: Final = 3.0
_DRIFT_S: Final = 0.05
_LIKENESS: Final = 0.8
"""Least correlation of context with its copy in the answer. After a codec it is lower; other speech is below 0.3."""
_QUIETEST: Final = 1e-3


def without_left(answer: Floats, left: Floats, sample_rate_hz: int) -> Floats:
    """The answer without `left` at its start (within 50 ms); all of it if it does not start with `left`."""
    compared = left[-round(_COMPARED_S * sample_rate_hz) :]
    drift = round(_DRIFT_S * sample_rate_hz)
    first = max(0, left.size - compared.size - drift)
    searched = answer[first : left.size + drift]
    if answer.size <= left.size or searched.size < compared.size or _rms(compared) < _QUIETEST:
        return answer
    products = np.correlate(searched, compared, "valid")
    energies = np.convolve(np.square(searched, dtype=np.float64), np.ones(compared.size), "valid")
    likeness = products / np.sqrt(np.maximum(energies, 1e-9) * np.square(compared, dtype=np.float64).sum())
    best = int(np.argmax(likeness))
    return answer[first + best + compared.size :] if likeness[best] > _LIKENESS else answer


def without_right(answer: Floats, right: Floats, sample_rate_hz: int) -> Floats:
    """The answer without `right` at its end (within 50 ms); all of it if it does not end with `right`."""
    return without_left(answer[::-1], right[::-1], sample_rate_hz)[::-1]


def _rms(samples: Floats) -> float:
    return float(np.sqrt(np.square(samples, dtype=np.float64).mean())) if samples.size else 0.0


_FADE_S: Final = 0.005


def fitted(samples: NDArray[np.float32], frames: int, sample_rate_hz: int) -> NDArray[np.float32]:
    """`samples` trimmed, or padded with silence, to `frames` samples, with fades of 5 ms at both ends."""
    fit: NDArray[np.float32] = np.zeros(max(0, frames), np.float32)
    size = min(samples.size, fit.size)
    fit[:size] = samples[:size]
    fade = min(round(_FADE_S * sample_rate_hz), size // 2)
    if fade:
        rise = (0.5 - 0.5 * np.cos(np.linspace(0, np.pi, fade, endpoint=False))).astype(np.float32)
        fit[:fade] *= rise
        fit[size - fade : size] *= rise[::-1]
    return fit
