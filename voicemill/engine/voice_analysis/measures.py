"""Measures a voice: pitch and its movement, spectrum, pace, loudness."""

from dataclasses import dataclass
from typing import Final

import numpy as np
import pyworld
from numpy.typing import NDArray

from voicemill.engine.synthesis.spectrum import band_centres_hz

RATE_HZ: Final = 24_000
"""Everything is analysed at this rate."""
FRAME_MS: Final = 5.0
LOWEST_F0_HZ, HIGHEST_F0_HZ = 50.0, 450.0
BANDS: Final = 176
LEAST_VOICED_S: Final = 0.3

_FRAME_S: Final = 0.02
_ACTIVE_DB: Final = 25.0
_SPECTRUM_SAMPLES: Final = 1024
_SYLLABLE_GAP_FRAMES: Final = 5
_SYLLABLE_RISE_DB: Final = 2.0

Samples = NDArray[np.float32]
Floats = NDArray[np.float64]


class NoVoice(ValueError):
    """A recording has too little voice to measure; the message says so."""


@dataclass(frozen=True, slots=True)
class VoiceMeasures:
    """The voice of one recording.

    `spread_semitones` is the standard deviation of the pitch; `bands_db` the spectrum of voiced speech in 176 mel
    bands, without its mean; `level_db` the RMS of the active frames in dB of full scale.
    """

    f0_hz: float
    spread_semitones: float
    bands_db: Floats
    syllables_per_s: float
    level_db: float


def measure(samples: Samples) -> VoiceMeasures:
    """Measure a recording at 24 kHz. Raises `NoVoice` when less than 0.3 s of it is voiced."""
    pitch = f0_contour(samples)
    voiced = pitch[pitch > 0]
    if voiced.size * FRAME_MS / 1000 < LEAST_VOICED_S:
        raise NoVoice("there is too little speech in it to measure a voice; send a few seconds of one person talking")
    f0_hz = float(np.median(voiced))
    return VoiceMeasures(
        f0_hz=f0_hz,
        spread_semitones=float(np.std(12 * np.log2(voiced / f0_hz))),
        bands_db=_bands_db(samples, pitch),
        syllables_per_s=_syllables_per_s(samples),
        level_db=level_db(samples),
    )


def f0_contour(samples: Samples) -> Floats:
    """The fundamental frequency every 5 ms, 0 where there is no voice (WORLD: DIO and StoneMask)."""
    signal = samples.astype(np.float64)
    rough, times = pyworld.dio(signal, RATE_HZ, f0_floor=LOWEST_F0_HZ, f0_ceil=HIGHEST_F0_HZ, frame_period=FRAME_MS)
    contour: Floats = pyworld.stonemask(signal, rough, times, RATE_HZ)
    return contour


def level_db(samples: Samples) -> float:
    """The RMS, in dB of full scale, of the frames within 25 dB of the loudest."""
    powers = _frame_powers_db(samples)
    active = powers[powers > powers.max() - _ACTIVE_DB]
    return float(10 * np.log10(np.mean(10 ** (active / 10))))


def _frame_powers_db(samples: Samples) -> Floats:
    size = int(_FRAME_S * RATE_HZ)
    whole = np.pad(samples, (0, -samples.size % size)).reshape(-1, size)
    powers: Floats = 10 * np.log10(np.square(whole, dtype=np.float64).mean(axis=1) + 1e-12)
    return powers


def _bands_db(samples: Samples, pitch: Floats) -> Floats:
    hop = int(RATE_HZ * FRAME_MS / 1000)
    starts = np.flatnonzero(pitch > 0) * hop - _SPECTRUM_SAMPLES // 2
    starts = starts[(starts >= 0) & (starts + _SPECTRUM_SAMPLES <= samples.size)]
    window = np.hanning(_SPECTRUM_SAMPLES)
    power = np.zeros(_SPECTRUM_SAMPLES // 2 + 1)
    for start in starts:
        power += np.square(np.abs(np.fft.rfft(samples[start : start + _SPECTRUM_SAMPLES] * window)))
    frequencies = np.fft.rfftfreq(_SPECTRUM_SAMPLES, 1 / RATE_HZ)
    levels = np.interp(band_centres_hz(BANDS), frequencies, 10 * np.log10(power + 1e-9))
    smooth = np.convolve(np.pad(levels, 8, mode="edge"), np.hanning(19)[1:-1] / np.hanning(19).sum(), "valid")
    bands: Floats = smooth - smooth.mean()
    return bands


def _syllables_per_s(samples: Samples) -> float:
    """Energy peaks that rise over their surroundings, per second of active speech."""
    powers = _frame_powers_db(samples)
    smooth = np.convolve(powers, np.ones(3) / 3, "same")
    floor = smooth.max() - _ACTIVE_DB
    gap = _SYLLABLE_GAP_FRAMES
    peaks = 0
    for index in range(gap, smooth.size - gap):
        around = smooth[index - gap : index + gap + 1]
        if smooth[index] > floor and smooth[index] == around.max() and around.max() - around.min() > _SYLLABLE_RISE_DB:
            peaks += 1
    active_s = np.count_nonzero(powers > floor) * _FRAME_S
    return float(peaks / active_s) if active_s else 0.0
