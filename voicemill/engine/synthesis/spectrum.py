"""Shaping the spectrum of speech with smooth, zero-phase gains."""

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

LOWEST_HZ, HIGHEST_HZ = 60.0, 10_000.0
PIVOT_HZ = 1000.0
_PAD_S = 0.05


def band_centres_hz(bands: int) -> Floats:
    """The centres of `bands` bands of equal width on the mel scale, 60 Hz to 10 kHz."""
    low, high = _mel(np.array([LOWEST_HZ, HIGHEST_HZ]))
    return 700.0 * (10.0 ** (np.linspace(low, high, bands) / 2595.0) - 1.0)


def shaped(
    samples: NDArray[np.float32], sample_rate_hz: float, brightness_db: float, eq_db: tuple[float, ...]
) -> NDArray[np.float32]:
    """The same speech with `brightness_db` per octave around 1 kHz and the band gains `eq_db` on it."""
    if not brightness_db and not any(eq_db):
        return samples
    padded = samples.size + int(_PAD_S * sample_rate_hz)
    size = 1 << (padded - 1).bit_length()
    spectrum = np.fft.rfft(samples, size)
    frequencies = np.fft.rfftfreq(size, 1 / sample_rate_hz)
    gains_db = brightness_db * np.log2(np.clip(frequencies, LOWEST_HZ, HIGHEST_HZ) / PIVOT_HZ)
    if eq_db:
        gains_db = gains_db + np.interp(frequencies, band_centres_hz(len(eq_db)), eq_db)
    shaped_spectrum = spectrum * 10.0 ** (gains_db / 20.0)
    return np.fft.irfft(shaped_spectrum, size)[: samples.size].astype(np.float32)


def _mel(frequency_hz: Floats) -> Floats:
    return 2595.0 * np.log10(1.0 + frequency_hz / 700.0)
