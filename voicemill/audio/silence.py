"""Where a recording can be cut unheard: its quietest places, found by decoding it once in little memory."""

import math
from itertools import pairwise
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from voicemill.audio.decode import decode, decode_stretch

_LONG_RATE_HZ: Final = 8000
_LONG_HOP: Final = 80
_HOPS_A_SECOND: Final = _LONG_RATE_HZ // _LONG_HOP
_PAUSE_HOPS: Final = 30
"""A pause between words is as long as this, 0.3 s; a stop consonant is not."""
_SLACK: Final = 0.1
"""How far from the even share a cut may lie, as a share of the longest call."""
_SILENCE: Final = 10 ** (-60 / 20)

_FINE_RATE_HZ: Final = 16_000
_FINE_HOP: Final = 80
_FINE_S: Final = _FINE_HOP / _FINE_RATE_HZ
_REACH_S: Final = 0.15
_FARTHEST_DB: Final = 6.0
"""A place at the end of the reach has to be so much quieter than the moment that was asked for."""
_FLOOR: Final = 1e-10

Levels = NDArray[np.float32]


def cut_times(path: Path, longest_s: float) -> tuple[float, ...]:
    """Where stretches of at most `longest_s` start and end, in turn, in seconds, that hold all sound of a recording.

    Cut where it is quietest near an even share; a stretch that is silent throughout is left out. The same file and
    length give the same times. Memory: 1.4 MB for an hour. Raises `UndecodableAudio`.
    """
    levels, end_s = _levels(path)
    longest = int(longest_s * _HOPS_A_SECOND)
    edges = [*_edges(levels, longest), levels.size]
    stretches = [(start, stop) for start, stop in pairwise([0, *edges]) if levels[start:stop].max() > _SILENCE**2]
    if not stretches:
        stretches = [*pairwise([0, *edges])]
    times = [round(hop / _HOPS_A_SECOND, 2) for stretch in stretches for hop in stretch]
    if stretches[-1][1] == levels.size:
        times[-1] = round(end_s, 6)
    return tuple(times)


def gap_times(path: Path, from_s: float, to_s: float, duration_s: float) -> tuple[float, float]:
    """The quietest moments within 0.15 s of both ends of a gap, in seconds; what is near is preferred.

    The very start and end of the recording stay what they are, and so does a gap without length. Raises
    `UndecodableAudio`.
    """
    if from_s >= duration_s:
        return duration_s, duration_s
    middle_s = (from_s + to_s) / 2
    left_s = _quietest_s(path, from_s, 0.0, middle_s if to_s > from_s else duration_s) if from_s > 0 else 0.0
    if to_s == from_s:
        return left_s, left_s
    right_s = _quietest_s(path, to_s, middle_s, duration_s) if to_s < duration_s else duration_s
    return left_s, max(left_s, right_s)


def _levels(path: Path) -> tuple[Levels, float]:
    """The mean square of each hop, the last one short, and the length in seconds."""
    found: list[Levels] = []
    rest: NDArray[np.float32] = np.zeros(0, np.float32)
    samples = 0
    for block in decode(path, _LONG_RATE_HZ):
        samples += block.size
        rest = np.concatenate([rest, block])
        whole = rest.size // _LONG_HOP * _LONG_HOP
        found.append(np.square(rest[:whole]).reshape(-1, _LONG_HOP).mean(axis=1))
        rest = rest[whole:]
    if rest.size:
        found.append(np.square(rest).mean(keepdims=True))
    return np.nan_to_num(np.concatenate(found)), samples / _LONG_RATE_HZ


def _edges(levels: Levels, longest: int) -> list[int]:
    loudness = np.convolve(levels, np.full(_PAUSE_HOPS, 1 / _PAUSE_HOPS, np.float32), "same")
    edges: list[int] = []
    start, slack = 0, int(_SLACK * longest)
    while levels.size - start > longest:
        rest = levels.size - start
        pieces = math.ceil(rest / longest)
        pieces += pieces * longest - rest < slack
        even = start + rest // pieces
        first = max(even - slack, levels.size - (pieces - 1) * longest)
        edges.append(first + _quietest(loudness[first : min(even + slack, start + longest) + 1]))
        start = edges[-1]
    return edges


def _quietest(loudness: Levels) -> int:
    """The middle one of the quietest places; where there is silence there are many."""
    places = np.flatnonzero(loudness <= loudness.min() + _FLOOR)
    return int(places[places.size // 2])


def _quietest_s(path: Path, moment_s: float, first_s: float, last_s: float) -> float:
    start_s = max(first_s, moment_s - _REACH_S)
    stop_s = min(last_s, moment_s + _REACH_S)
    blocks = [*decode_stretch(path, _FINE_RATE_HZ, start_s, stop_s)] if stop_s > start_s else []
    samples = np.concatenate([np.zeros(0, np.float32), *blocks])
    hops = samples.size // _FINE_HOP
    if hops < 2:
        return moment_s
    power = np.nan_to_num(np.square(samples[: hops * _FINE_HOP])).reshape(-1, _FINE_HOP).mean(axis=1)
    edges_db = 10 * np.log10((power[:-1] + power[1:]) / 2 + _FLOOR)  # around each edge between two hops
    times_s = start_s + _FINE_S * np.arange(1, hops)
    distance = np.abs(times_s - moment_s) / _REACH_S
    return round(float(times_s[np.argmin(edges_db + _FARTHEST_DB * distance)]), 6)
