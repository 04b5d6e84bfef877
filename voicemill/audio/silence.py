"""Find the quietest moments of a recording, where it can be cut without cutting a word.

The recording is decoded once, in little memory.
"""

import math
from itertools import pairwise
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from voicemill.audio.decode import check_length, decode, decode_near
from voicemill.model.recordings import PLAIN, Reading

_LONG_RATE_HZ: Final = 8000
_LONG_HOP: Final = 80
_HOPS_PER_S: Final = _LONG_RATE_HZ // _LONG_HOP
_PAUSE_HOPS: Final = 30
"""0.3 s: shorter than a pause between words, longer than a stop consonant."""
_SLACK: Final = 0.1
"""The largest distance of a cut from an even share, as a fraction of the longest call."""
_SILENCE: Final = 10 ** (-60 / 20)

_FINE_RATE_HZ: Final = 16_000
_FINE_HOP: Final = 80
_FINE_S: Final = _FINE_HOP / _FINE_RATE_HZ
_REACH_S: Final = 0.15
_FARTHEST_DB: Final = 6.0
"""How much quieter a moment at the end of the reach must be than the requested one to be preferred."""
_FLOOR: Final = 1e-10

Levels = NDArray[np.float32]


def cut_times(path: Path, longest_s: float, reading: Reading = PLAIN) -> tuple[float, ...]:
    """The starts and ends, in turn and in seconds, of segments of at most `longest_s` that contain all sound.

    Each split is at the quietest moment near an even share. Segments that are silent throughout are left out. The same
    file and length give the same times. Uses 1.4 MB of memory for an hour. Raises `UndecodableAudio`.
    """
    levels, end_s = _levels(path, reading)
    longest = int(longest_s * _HOPS_PER_S)
    edges = [*_edges(levels, longest), levels.size]
    segments = [(start, stop) for start, stop in pairwise([0, *edges]) if levels[start:stop].max() > _SILENCE**2]
    if not segments:
        segments = [*pairwise([0, *edges])]
    times = [round(hop / _HOPS_PER_S, 2) for segment in segments for hop in segment]
    if segments[-1][1] == levels.size:
        times[-1] = round(end_s, 6)
    return tuple(times)


def gap_times(
    path: Path, from_s: float, to_s: float, duration_s: float, reading: Reading = PLAIN
) -> tuple[float, float]:
    """The quietest moments within 0.15 s of both ends of a gap, in seconds. Closer moments are preferred.

    The start and the end of the recording are not moved, and an empty gap stays empty. Raises `UndecodableAudio`.
    """
    if from_s >= duration_s:
        return duration_s, duration_s
    middle_s = (from_s + to_s) / 2
    left_end_s = middle_s if to_s > from_s else duration_s
    left_s = _quietest_s(path, from_s, 0.0, left_end_s, reading) if from_s > 0 else 0.0
    if to_s == from_s:
        return left_s, left_s
    right_s = _quietest_s(path, to_s, middle_s, duration_s, reading) if to_s < duration_s else duration_s
    return left_s, max(left_s, right_s)


@np.errstate(over="ignore")  # Damaged 32-bit samples may be too large to be squared.
def _levels(path: Path, reading: Reading) -> tuple[Levels, float]:
    """The mean square of each hop, the last of which may be short, and the length in seconds.

    Raises `WrongLength` if the recording is not as long as when it was inspected.
    """
    found: list[Levels] = []
    rest: NDArray[np.float32] = np.zeros(0, np.float32)
    samples = 0
    for block in decode(path, _LONG_RATE_HZ, reading):
        samples += block.size
        rest = np.concatenate([rest, block])
        whole = rest.size // _LONG_HOP * _LONG_HOP
        found.append(np.square(rest[:whole]).reshape(-1, _LONG_HOP).mean(axis=1))
        rest = rest[whole:]
    if rest.size:
        found.append(np.square(rest).mean(keepdims=True))
    check_length(samples, _LONG_RATE_HZ, reading)
    return np.concatenate(found), samples / _LONG_RATE_HZ


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
    """The middle one of the quietest positions: digital silence has many."""
    positions = np.flatnonzero(loudness <= loudness.min() + _FLOOR)
    return int(positions[positions.size // 2])


def _quietest_s(path: Path, moment_s: float, first_s: float, last_s: float, reading: Reading) -> float:
    start_s = max(first_s, moment_s - _REACH_S)
    stop_s = min(last_s, moment_s + _REACH_S)
    blocks = [*decode_near(path, _FINE_RATE_HZ, start_s, stop_s, reading)] if stop_s > start_s else []
    samples = np.concatenate([np.zeros(0, np.float32), *blocks])
    hops = samples.size // _FINE_HOP
    if hops < 2:
        return moment_s
    power = np.square(samples[: hops * _FINE_HOP]).reshape(-1, _FINE_HOP).mean(axis=1)
    edges_db = 10 * np.log10((power[:-1] + power[1:]) / 2 + _FLOOR)  # around each edge between two hops
    times_s = start_s + _FINE_S * np.arange(1, hops)
    distance = np.abs(times_s - moment_s) / _REACH_S
    return round(float(times_s[np.argmin(edges_db + _FARTHEST_DB * distance)]), 6)
