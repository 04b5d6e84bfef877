"""Find a sound that repeats itself, as from a synthesizer that is stuck."""

import re
from collections.abc import Iterator
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from voicemill.model import Finding

Floats = NDArray[np.float32]

_HOP_S: Final = 0.01
_WINDOW_S: Final = 0.02
_BANDS: Final = 16
_SHORTEST_PERIOD: Final = 8
_LONGEST_PERIOD: Final = 90
_COMPARED: Final = 100
"""Frames that must repeat, one second."""
_STARTS: Final = 400
"""Frames whose repetitions are searched for at once, which bounds the memory for a long recording."""
_ALIKE: Final = 0.8
_ALIKE_BY_TEXT: Final = 0.95
"""Where the text says the same words twice in a row, speech is up to 0.9 alike without a fault."""
_REPEATED_TEXT: Final = re.compile(r"\b(\w+(?:\W+\w+){0,2})\W+\1\b", re.IGNORECASE)
_MOSTLY: Final = 0.6
_ACTIVE_BELOW_PEAK_DB: Final = 35.0


def stuck_findings(samples: Floats, rate_hz: int, text: str = "") -> Iterator[Finding]:
    """Sound whose spectrum equals that of a constant time before (0.08 to 0.9 s), for a second or longer.

    At most one finding. `samples` are mono, shape (frames,), and should say `text`.
    """
    features = _features(samples, rate_hz)
    best, period = _most_alike(features, _ALIKE_BY_TEXT if _REPEATED_TEXT.search(text) else _ALIKE)
    if best is not None:
        start_s, end_s = best * _HOP_S, (best + _COMPARED + period) * _HOP_S
        yield Finding("stuck", round(start_s, 2), round(end_s, 2))


def _most_alike(features: Floats, least: float) -> tuple[int | None, int]:
    """The frame at which the closest repetition begins and its period; None if nothing is `least` alike."""
    longest = min(_LONGEST_PERIOD, features.shape[0] - _COMPARED)
    best, found, found_period = least, None, 0
    for first in range(0, features.shape[0] - _COMPARED - _SHORTEST_PERIOD + 1, _STARTS):
        alike = _alike(features[first : first + _STARTS + _COMPARED + longest], longest)
        start, period = np.unravel_index(int(np.argmax(alike)), alike.shape)
        if alike[start, period] > best:
            best, found, found_period = float(alike[start, period]), first + int(start), _SHORTEST_PERIOD + int(period)
    return found, found_period


def _alike(features: Floats, longest: int) -> NDArray[np.float64]:
    """How much the `_COMPARED` frames from each start equal those one period later.

    Shape (starts, periods), the first period is `_SHORTEST_PERIOD`; 1 means equal. It is 0 if too few frames sound, or
    if the later frames are not all there.
    """
    starts = features.shape[0] - _COMPARED - _SHORTEST_PERIOD + 1
    compared = features[: starts + _COMPARED - 1]
    padded = np.concatenate((features, np.zeros((longest, features.shape[1]), np.float32)))
    power = np.einsum("ij,ij->i", padded, padded)
    energy, sounding = _sums(power), _sums((power > 0).astype(np.float32))
    alike = _sums(np.einsum("tbp,tb->tp", _later(padded, longest)[: len(compared)], compared))
    alike /= np.sqrt(energy[:starts, np.newaxis] * _later(energy, longest)[:starts] + 1e-9)
    alike[_later(sounding, longest)[:starts] < _MOSTLY * _COMPARED] = 0.0
    alike[np.add.outer(np.arange(starts), np.arange(alike.shape[1])) >= starts] = 0.0
    return alike


def _later(values: NDArray[Any], longest: int) -> NDArray[Any]:
    """A view of the values of `_SHORTEST_PERIOD` to `longest` frames later, as the last axis."""
    return np.lib.stride_tricks.sliding_window_view(values[_SHORTEST_PERIOD:], longest - _SHORTEST_PERIOD + 1, axis=0)


def _sums(values: NDArray[Any]) -> NDArray[np.float64]:
    """The sum over each `_COMPARED` values in a row along the first axis."""
    total = np.zeros((values.shape[0] + 1, *values.shape[1:]))
    np.cumsum(values, axis=0, out=total[1:])
    return np.asarray(total[_COMPARED:] - total[:-_COMPARED])


def _features(samples: Floats, rate_hz: int) -> Floats:
    """Log levels of bands up to 4 kHz, shape (frames, bands), each less its mean; zero where nothing sounds."""
    hop, size = round(rate_hz * _HOP_S), round(rate_hz * _WINDOW_S)
    frames = (samples.size - size) // hop + 1
    if frames <= _COMPARED + _SHORTEST_PERIOD:
        return np.zeros((0, _BANDS), np.float32)
    windows = np.lib.stride_tricks.sliding_window_view(samples, size)[::hop][:frames] * np.hanning(size).astype("f4")
    spectra = np.abs(np.fft.rfft(windows, axis=1)[:, 1 : round(4000 * _WINDOW_S) + 1]) ** 2
    edges = np.unique(np.geomspace(2, spectra.shape[1], _BANDS + 1).astype(int))
    bands = np.add.reduceat(spectra, edges[:-1], axis=1)
    levels = 10 * np.log10(bands + 1e-10).astype(np.float32)
    loudness = levels.max(axis=1)
    active = loudness > loudness.max() - _ACTIVE_BELOW_PEAK_DB
    levels -= levels[active].mean(axis=0)
    levels[~active] = 0.0
    return np.asarray(levels, np.float32)
