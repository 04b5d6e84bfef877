"""A timbre as 192 numbers and back, so that voices can be mixed.

These are acoustic features, not a neural speaker vector: 0 the pitch, 1 its movement, 2 the pace, 3 the vocal tract,
4 the loudness, 5 to 9 which source, and from 16 on the spectrum in 176 mel bands, in tens of dB. The mean of
two embeddings is a voice between the two.
"""

import math
from collections.abc import Sequence
from itertools import pairwise
from typing import Final

from voicemill.engine.voices.timbre import SOURCES, Timbre, source_that_reaches

SIZE: Final = 192
BANDS: Final = 176
_FIRST_SOURCE: Final = 5
_FIRST_BAND: Final = SIZE - BANDS
_F0_HZ, _RATE_WPM, _TRACT_SCALE, _DB_SCALE = 100.0, 165.0, 10.0, 10.0
_LOWEST_HZ, _HIGHEST_HZ, _PIVOT_HZ = 60.0, 10_000.0, 1000.0


def embedding_of(timbre: Timbre) -> list[float]:
    """The 192 numbers of a timbre."""
    numbers = [0.0] * SIZE
    numbers[0] = math.log2(timbre.f0_hz / _F0_HZ)
    numbers[1] = timbre.intonation - 1.0
    numbers[2] = math.log2(timbre.rate_wpm / _RATE_WPM)
    numbers[3] = math.log2(timbre.tract_ratio) * _TRACT_SCALE
    numbers[4] = timbre.gain_db / _DB_SCALE
    numbers[_FIRST_SOURCE + SOURCES.index(timbre.source)] = 1.0
    numbers[_FIRST_BAND:] = [level / _DB_SCALE for level in _levels_db(timbre)]
    return [round(number, 6) for number in numbers]


def timbre_of(embedding: Sequence[float]) -> Timbre:
    """The timbre of 192 numbers; values outside the human range are limited to it.

    Raises `ValueError` for another count, or for values that are not finite.
    """
    if len(embedding) != SIZE:
        raise ValueError(f"it has {len(embedding)} numbers, but must have {SIZE}")
    if not all(map(math.isfinite, embedding)):
        raise ValueError("it has a value that is not a finite number")
    weights = embedding[_FIRST_SOURCE : _FIRST_SOURCE + len(SOURCES)]
    source = SOURCES[max(range(len(SOURCES)), key=weights.__getitem__)]
    f0_hz = _F0_HZ * 2 ** _within(embedding[0], math.log2(0.6), math.log2(3.5))
    tract_ratio = 2 ** (_within(embedding[3], -2.5, 3.0) / _TRACT_SCALE)
    eq_db = [_DB_SCALE * _within(level, -1.8, 1.8) for level in embedding[_FIRST_BAND:]]
    mean_db = sum(eq_db) / BANDS
    return Timbre(
        source=source_that_reaches(f0_hz / tract_ratio, source),
        f0_hz=f0_hz,
        intonation=1.0 + _within(embedding[1], -0.8, 1.0),
        rate_wpm=_RATE_WPM * 2 ** _within(embedding[2], -0.7, 0.7),
        tract_ratio=tract_ratio,
        eq_db=tuple(level - mean_db for level in eq_db),
        gain_db=_within(_DB_SCALE * embedding[4] + mean_db, -12.0, 12.0),
    )


def mixed(embeddings: Sequence[Sequence[float]], weights: Sequence[float]) -> list[float]:
    """The weighted mean; weights are scaled to a sum of 1. Raises `ValueError` if that is impossible."""
    total = sum(weights)
    if not math.isfinite(total) or total <= 0 or min(weights) < 0:
        raise ValueError("weights must not be negative, and not all be 0")
    columns = zip(*embeddings, strict=True)
    return [round(sum(n * w for n, w in zip(column, weights, strict=True)) / total, 6) for column in columns]


def _levels_db(timbre: Timbre) -> list[float]:
    """The timbre's whole spectral shaping, its brightness included, in the embedding's bands."""
    levels = [timbre.brightness_db * math.log2(hz / _PIVOT_HZ) for hz in _centres_hz()]
    if timbre.eq_db:
        levels = [level + extra for level, extra in zip(levels, _resized(timbre.eq_db), strict=True)]
    return levels


def _resized(levels_db: Sequence[float]) -> list[float]:
    """Band levels brought to the embedding's number of bands."""
    if len(levels_db) == 1:
        return [levels_db[0]] * BANDS
    steps = list(pairwise(levels_db))
    found = []
    for band in range(BANDS):
        place = band * len(steps) / (BANDS - 1)
        step = min(int(place), len(steps) - 1)
        found.append(steps[step][0] + (steps[step][1] - steps[step][0]) * (place - step))
    return found


def _centres_hz() -> list[float]:
    low, high = (2595 * math.log10(1 + hz / 700) for hz in (_LOWEST_HZ, _HIGHEST_HZ))
    mels = (low + (high - low) * band / (BANDS - 1) for band in range(BANDS))
    return [700 * (10 ** (mel / 2595) - 1) for mel in mels]


def _within(value: float, low: float, high: float) -> float:
    return min(max(value, low), high)
