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
    window = np.hanning(length)
    window_shape = _autocorrelation(window)
    loud = np.sqrt(np.mean(np.square(samples))) / 2
    found = []
    for start in range(0, samples.size - length, hop):
        frame = samples[start : start + length]
        if np.sqrt(np.mean(np.square(frame))) < loud:
            continue
        shape = _autocorrelation((frame - frame.mean()) * window) / window_shape
        low, high = sample_rate_hz // 400, sample_rate_hz // 60
        lag = low + int(np.argmax(shape[low:high]))
        if shape[lag] > 0.6 * shape[0]:
            found.append(sample_rate_hz / lag)
    return float(np.median(found))


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


def _autocorrelation(frame: Samples) -> NDArray[np.float64]:
    spectrum = np.fft.rfft(frame, 4 * frame.size)
    return np.fft.irfft(np.square(np.abs(spectrum)))[: frame.size // 2 + frame.size // 4]
