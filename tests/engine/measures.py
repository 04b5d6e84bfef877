"""Measures of speech: pitch, loudness and spectrum."""

import itertools
from typing import Any

import numpy as np
from numpy.typing import NDArray

Samples = NDArray[np.floating[Any]]

FRAME_S, HOP_S = 0.04, 0.01


def floats(body: bytes) -> NDArray[np.float32]:
    """The samples of a raw float32 body."""
    return np.frombuffer(body, "<f4")


def pitch_hz(samples: Samples, sample_rate_hz: int) -> float:
    """The median fundamental frequency of the voiced frames, by autocorrelation between 60 and 400 Hz."""
    length, hop = int(FRAME_S * sample_rate_hz), int(HOP_S * sample_rate_hz)
    frames = np.lib.stride_tricks.sliding_window_view(samples, length)[::hop]
    loud = frames[np.sqrt(np.mean(np.square(frames), axis=1)) >= np.sqrt(np.mean(np.square(samples))) / 2]
    window = np.hanning(length)
    shapes = _autocorrelation((loud - loud.mean(axis=1, keepdims=True)) * window) / _autocorrelation(window)
    low, high = sample_rate_hz // 400, sample_rate_hz // 60
    lags = low + np.argmax(shapes[:, low:high], axis=1)
    is_voiced = shapes[np.arange(lags.size), lags] > 0.6 * shapes[:, 0]
    return float(np.median(sample_rate_hz / lags[is_voiced]))


def level_db(samples: Samples) -> float:
    """RMS in dB of full scale."""
    return float(10 * np.log10(np.mean(np.square(samples.astype(np.float64)))))


def band_levels_db(samples: Samples, sample_rate_hz: int, bands: int = 24) -> NDArray[np.float64]:
    """The long-term spectrum in bands of equal ratio from 100 Hz to 8 kHz, relative to its own mean."""
    power = np.square(np.abs(np.fft.rfft(samples)))
    frequencies = np.fft.rfftfreq(samples.size, 1 / sample_rate_hz)
    edges = np.geomspace(100, 8000, bands + 1)
    levels = [
        10 * np.log10(np.mean(power[(frequencies >= low) & (frequencies < high)]) + 1e-12)
        for low, high in itertools.pairwise(edges)
    ]
    found: NDArray[np.float64] = np.array(levels) - np.mean(levels)
    return found


def _autocorrelation(frames: Samples) -> NDArray[np.float64]:
    """Of each frame, for lags up to three quarters of it."""
    size = frames.shape[-1]
    spectrum = np.fft.rfft(frames, 2 * size)
    return np.fft.irfft(np.square(np.abs(spectrum)))[..., : size // 2 + size // 4]
