"""Recordings in which each second has its own pitch, so that a test finds every second in what was made of them."""

from collections.abc import Sequence
from itertools import pairwise
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

Mono = NDArray[np.float32]

HEARD_RATE_HZ: Final = 8000
_LOWEST_HZ: Final = 400.0
_STEP_HZ: Final = 60.0
_MOST_NUMBERS: Final = 40
_EDGE_S: Final = 0.05
_RAMP_S: Final = 0.02
_WINDOW: Final = 512
_HOP: Final = 40
_HOP_S: Final = _HOP / HEARD_RATE_HZ
_QUIET: Final = 0.02
_SHORTEST: Final = 0.3
_LONGEST: Final = 1.2
"""How much of a tone must be found, and how far apart its first and last part may be, in lengths of a tone."""


class Second(NamedTuple):
    """A numbered second as it was found: its number, the middle of its tone, and how long the tone is."""

    number: int
    middle_s: float
    length_s: float


def numbered(numbers: Sequence[int], rate_hz: int, tone_s: float = 1.0) -> Mono:
    """One second, or `tone_s`, for each number from 0 to 39: a tone with 50 ms of silence at either end."""
    moments_s = np.arange(round(tone_s * rate_hz)) / rate_hz
    level = 0.3 * np.clip(np.minimum(moments_s - _EDGE_S, tone_s - _EDGE_S - moments_s) / _RAMP_S, 0, 1)
    tones = [level * np.sin(2 * np.pi * _pitch_hz(number) * moments_s) for number in numbers]
    return np.concatenate([np.zeros(0), *tones]).astype(np.float32)


def found_seconds(samples: Mono, tone_s: float = 1.0) -> list[Second]:
    """The numbered tones in samples at 8 kHz, in order. Those of which less than 0.3 is left count as absent."""
    if samples.size < _WINDOW:
        return []
    padded = np.pad(samples, _WINDOW // 2)
    frames = np.lib.stride_tricks.sliding_window_view(padded, _WINDOW)[::_HOP]
    spectra = np.abs(np.fft.rfft(frames * np.hanning(_WINDOW).astype(np.float32), axis=1)) / (_WINDOW / 4)
    pitches_hz = np.array([_pitch_hz(number) for number in range(_MOST_NUMBERS)])
    bins = np.round(pitches_hz * _WINDOW / HEARD_RATE_HZ).astype(int)
    levels = np.maximum(spectra[:, bins], np.maximum(spectra[:, bins - 1], spectra[:, bins + 1]))
    strongest = np.where(levels.max(axis=1) > _QUIET, levels.argmax(axis=1), -1)
    edges = np.flatnonzero(np.diff(np.concatenate(([-2], strongest, [-2]))))
    runs = [(int(strongest[start]), int(start), int(stop)) for start, stop in pairwise(edges) if strongest[start] >= 0]
    return [
        Second(number, (start + stop - 1) / 2 * _HOP_S, (stop - start) * _HOP_S)
        for number, start, stop in _merged(runs, round(_LONGEST * tone_s / _HOP_S))
        if (stop - start) * _HOP_S >= _SHORTEST * tone_s
    ]


def whole_tones(found: Sequence[Second], tone_s: float) -> list[Second]:
    """The tones, where parts of one tone, which a codec made quieter between them, count as one."""
    whole: list[Second] = []
    for second in found:
        start_s, stop_s = second.middle_s - second.length_s / 2, second.middle_s + second.length_s / 2
        before = whole[-1] if whole else None
        first_s = before.middle_s - before.length_s / 2 if before else 0.0
        if before and before.number == second.number and stop_s - first_s <= _LONGEST * tone_s:
            whole.pop()
            start_s = first_s
        whole.append(Second(second.number, (start_s + stop_s) / 2, stop_s - start_s))
    return whole


def _merged(runs: Sequence[tuple[int, int, int]], longest: int) -> list[tuple[int, int, int]]:
    """The runs, where parts of one damaged tone count as one. `longest` is in hops."""
    merged: list[tuple[int, int, int]] = []
    for number, start, stop in runs:
        starts = [first for other, first, _ in merged if other == number and stop - first <= longest]
        if starts:
            merged = [run for run in merged if run[:2] != (number, starts[0])]
        merged.append((number, starts[0] if starts else start, stop))
    return merged


def _pitch_hz(number: int) -> float:
    return _LOWEST_HZ + _STEP_HZ * number
