"""The steps in level and spectrum where two audio segments join, compared with those inside the segments."""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

FRAME_S: Final = 0.02
NEIGHBOURHOOD_S: Final = 2.0
_FLOOR_DB: Final = -60.0
_BANDS: Final = 24

Samples = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Seam:
    """The step at a join in dB and the largest one inside the neighboring audio, for level and spectrum."""

    level_db: float
    largest_level_db: float
    spectrum_db: float
    largest_spectrum_db: float

    @property
    def is_hidden(self) -> bool:
        """Whether neither step is larger than those in the neighboring audio."""
        return self.level_db <= self.largest_level_db and self.spectrum_db <= self.largest_spectrum_db


def seam(samples: Samples, place: int, rate_hz: int) -> Seam:
    """The join before the sample at `place`, in frames of 20 ms; the neighboring audio is 2 s on each side."""
    size, reach = round(FRAME_S * rate_hz), round(NEIGHBOURHOOD_S * rate_hz)
    before = _framed(samples[max(0, place - reach) : place], size, from_end=True)
    after = _framed(samples[place : place + reach], size, from_end=False)
    spectra = [_bands_db(side) for side in (before, after)]
    levels = [_level_db(side) for side in (before, after)]
    inside_level = max(float(np.abs(np.diff(side)).max(initial=0.0)) for side in levels)
    inside_spectrum = max(float(np.abs(np.diff(side, axis=0)).mean(axis=1).max(initial=0.0)) for side in spectra)
    return Seam(
        float(abs(levels[1][0] - levels[0][-1])),
        inside_level,
        float(np.abs(spectra[1][0] - spectra[0][-1]).mean()),
        inside_spectrum,
    )


def _framed(samples: Samples, size: int, *, from_end: bool) -> Samples:
    whole = samples.size // size * size
    return (samples[samples.size - whole :] if from_end else samples[:whole]).reshape(-1, size)


def _level_db(frames: Samples) -> NDArray[np.float64]:
    return np.asarray(10 * np.log10(np.square(frames, dtype=np.float64).mean(axis=1) + 10 ** (_FLOOR_DB / 10)))


def _bands_db(frames: Samples) -> NDArray[np.float64]:
    power = np.square(np.abs(np.fft.rfft(frames * np.hanning(frames.shape[1]), axis=1))) / frames.shape[1]
    edges = np.unique(np.geomspace(2, power.shape[1], _BANDS + 1).astype(int))
    bands = np.add.reduceat(power, edges[:-1], axis=1)
    return np.asarray(10 * np.log10(bands + 10 ** (_FLOOR_DB / 10)))
