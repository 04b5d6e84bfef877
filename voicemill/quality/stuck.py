"""Find a sound that repeats itself, as from a synthesizer that is stuck."""

from collections.abc import Iterator
from typing import Final

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
_ALIKE: Final = 0.8
_MOSTLY: Final = 0.6
_ACTIVE_BELOW_PEAK_DB: Final = 35.0


def stuck_findings(samples: Floats, rate_hz: int) -> Iterator[Finding]:
    """A stretch whose spectrum equals that of a constant time before (0.08 to 0.9 s), for a second or longer.

    At most one finding. `samples` are mono, shape (frames,).
    """
    features = _features(samples, rate_hz)
    best, period = _most_alike(features)
    if best is not None:
        start_s, end_s = best * _HOP_S, (best + _COMPARED + period) * _HOP_S
        yield Finding("stuck", round(start_s, 2), round(end_s, 2))


def _most_alike(features: Floats) -> tuple[int | None, int]:
    """The frame at which the closest repetition begins and its period; None if nothing repeats."""
    power = np.einsum("ij,ij->i", features, features)
    is_active = (power > 0).astype(np.float32)
    best, found, found_period = _ALIKE, None, 0
    longest = min(_LONGEST_PERIOD, features.shape[0] - _COMPARED)
    for period in range(_SHORTEST_PERIOD, longest + 1):
        products = np.einsum("ij,ij->i", features[period:], features[:-period])
        norms = _sums(power[period:]) * _sums(power[:-period])
        alike = _sums(products) / np.sqrt(norms + 1e-9)
        alike[_sums(is_active[period:]) < _MOSTLY * _COMPARED] = 0.0
        start = int(np.argmax(alike))
        if alike[start] > best:
            best, found, found_period = float(alike[start]), start, period
    return found, found_period


def _sums(values: Floats) -> NDArray[np.float64]:
    """The sum over each `_COMPARED` values in a row."""
    total = np.concatenate(([0.0], np.cumsum(values, dtype=np.float64)))
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
