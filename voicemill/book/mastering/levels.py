"""Levels of a recording in dB relative to full scale: RMS, peak, noise floor, and where sound begins and ends."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from voicemill.audio.blocks import Mono

SILENCE_DB: Final = -120.0
"""The level reported for digital silence."""
_WINDOWS_PER_S: Final = 100
_FLOOR_S: Final = 0.5
"""The noise floor is the RMS of the quietest half second, as in Audacity's ACX Check."""
_PAUSE_S: Final = 0.2
_GATE_DB: Final = 20.0

Powers = NDArray[np.float32]
"""The mean square of each 10 ms, shape (windows,)."""


def decibels(power: float) -> float:
    """A mean square, or a squared peak, in dB relative to full scale."""
    return float(10 * np.log10(power)) if power > 10 ** (SILENCE_DB / 10) else SILENCE_DB


@dataclass(frozen=True, slots=True)
class Levels:
    """The levels of a recording. `peak` is linear, 1.0 at full scale."""

    powers: Powers
    energy: float
    samples: int
    peak: float
    sample_rate_hz: int

    @property
    def duration_s(self) -> float:
        """The length in seconds."""
        return self.samples / self.sample_rate_hz

    @property
    def peak_db(self) -> float:
        """The sample peak."""
        return decibels(self.peak**2)

    @property
    def rms_db(self) -> float:
        """The RMS of the whole recording, pauses included."""
        return decibels(self.energy / self.samples) if self.samples else SILENCE_DB

    @property
    def speech_db(self) -> float:
        """The RMS without pauses: windows 20 dB below the mean are left out, as in ITU-R BS.1770."""
        if not self.powers.size:
            return SILENCE_DB
        loud = self.powers[self.powers > self.powers.mean() * 10 ** (-_GATE_DB / 10)]
        return decibels(float(loud.mean())) if loud.size else SILENCE_DB

    @property
    def floor_db(self) -> float:
        """The RMS of the quietest half second; of everything in a shorter recording."""
        means = _moving_means(self.powers, round(_FLOOR_S * self._windows_per_s))
        return decibels(float(means.min())) if means.size else self.rms_db

    def pause_db(self, first_s: float, last_s: float) -> float:
        """The RMS of the quietest fifth of a second between two moments: the noise in the pauses of speech."""
        inside = self.powers[int(first_s * self._windows_per_s) : int(last_s * self._windows_per_s)]
        means = _moving_means(inside, round(_PAUSE_S * self._windows_per_s))
        return decibels(float(means.min())) if means.size else self.rms_db

    def sound(self, threshold_db: float) -> tuple[float, float]:
        """Where the first and the last window above a threshold begin and end, in seconds; all if there is none."""
        loud = np.flatnonzero(self.powers > 10 ** (threshold_db / 10))
        if not loud.size:
            return 0.0, self.duration_s
        return float(loud[0]) / self._windows_per_s, min(self.duration_s, float(loud[-1] + 1) / self._windows_per_s)

    def quietest_moment_s(self, first_s: float, last_s: float, pause_s: float = 0.3) -> float:
        """The middle of the quietest pause between two moments, in seconds; the latest one of several."""
        width = round(pause_s * self._windows_per_s)
        first = max(0, int(first_s * self._windows_per_s))
        means = _moving_means(self.powers[first : int(last_s * self._windows_per_s)], width)
        if not means.size:
            return last_s
        quietest = np.flatnonzero(means <= means.min() + 1e-10)[-1]
        return float(first + quietest + width / 2) / self._windows_per_s

    @property
    def _windows_per_s(self) -> float:
        return self.sample_rate_hz / (self.sample_rate_hz // _WINDOWS_PER_S)


def _moving_means(powers: Powers, width: int) -> NDArray[np.float64]:
    """The mean of every `width` consecutive windows; empty if there are fewer."""
    if powers.size < width:
        return np.zeros(0)
    sums = np.cumsum(np.concatenate(([0.0], powers.astype(np.float64))))
    return np.asarray(np.maximum(sums[width:] - sums[:-width], 0.0) / width)


class LevelMeter:
    """Measures blocks of mono samples, of any length, at one rate; uses 1.4 MB of memory for an hour."""

    def __init__(self, sample_rate_hz: int) -> None:
        self._rate_hz = sample_rate_hz
        self._window = sample_rate_hz // _WINDOWS_PER_S
        self._rest: Mono = np.zeros(0, np.float32)
        self._powers: list[Powers] = []
        self._energy = 0.0
        self._peak = 0.0
        self._samples = 0

    def add(self, block: Mono) -> None:
        """Measure the next block."""
        if not block.size:
            return
        self._samples += block.size
        self._peak = max(self._peak, float(np.abs(block).max()))
        waiting = np.concatenate([self._rest, block]) if self._rest.size else block
        whole = waiting.size // self._window * self._window
        powers = np.square(waiting[:whole], dtype=np.float64).reshape(-1, self._window).mean(axis=1)
        self._energy += float(powers.sum()) * self._window
        self._powers.append(powers.astype(np.float32))
        self._rest = waiting[whole:].copy()

    def levels(self) -> Levels:
        """The levels of all blocks so far."""
        rest = float(np.square(self._rest, dtype=np.float64).sum())
        powers = np.concatenate([np.zeros(0, np.float32), *self._powers])
        return Levels(powers, self._energy + rest, self._samples, self._peak, self._rate_hz)


def levels_of(blocks: Iterable[Mono], sample_rate_hz: int) -> Levels:
    """The levels of a recording, read block by block."""
    meter = LevelMeter(sample_rate_hz)
    for block in blocks:
        meter.add(block)
    return meter.levels()
