"""Voice conversion by the WORLD vocoder: another speaker, the same words and timing."""

from collections.abc import Iterator
from itertools import pairwise
from typing import Final

import numpy as np
import pyworld
from numpy.typing import NDArray

from voicemill.engine.voice_analysis.blocks import HOP, block_starts
from voicemill.engine.voice_analysis.measures import FRAME_MS, RATE_HZ, Floats, Samples, f0_contour

_JOIN: Final = 480
"""Blocks overlap by 20 ms and are crossfaded."""


def converted(samples: Samples, pitch: Floats, target: Floats, formant_ratio: float) -> Iterator[Samples]:
    """24 kHz speech with another pitch and formants moved by a factor, block by block and as long as before.

    `pitch` is its `f0_contour`, `target` the contour to give it; both are 0 in the same unvoiced frames.
    """
    cuts = [0, *block_starts(samples, pitch.size), pitch.size]
    tail = np.zeros(0, np.float32)
    for first, last in pairwise(cuts):
        start, stop = first * HOP, samples.size if last == pitch.size else last * HOP
        reach = min(samples.size, stop + _JOIN)
        block = _block(samples[start:reach], pitch[first:], target[first:], formant_ratio)
        block[: tail.size] = _crossfaded(tail, block[: tail.size])
        tail = block[stop - start :]
        yield block[: stop - start]


def with_pitch_changed(samples: Samples, f0_ratio: float, intonation: float = 1.0) -> Samples:
    """24 kHz speech with its pitch multiplied and its pitch range scaled; formants and timing stay."""
    pitch = f0_contour(samples)
    voiced = pitch > 0
    if not voiced.any():
        return samples
    target = pitch.copy()
    mean_hz = float(np.exp(np.log(pitch[voiced]).mean()))
    target[voiced] = mean_hz * f0_ratio * (pitch[voiced] / mean_hz) ** intonation
    return np.concatenate(list(converted(samples, pitch, target, 1.0)))


def _block(samples: Samples, pitch: Floats, target: Floats, formant_ratio: float) -> Samples:
    signal = samples.astype(np.float64)
    frames = samples.size // HOP + 1
    f0, target = (np.pad(contour[:frames], (0, max(0, frames - contour.size))) for contour in (pitch, target))
    times = np.arange(frames) * FRAME_MS / 1000
    envelope = pyworld.cheaptrick(signal, f0, times, RATE_HZ)
    noise = pyworld.d4c(signal, f0, times, RATE_HZ)
    changed = pyworld.synthesize(
        target,
        np.exp(_warped(np.log(envelope), formant_ratio)),
        np.clip(_warped(noise, formant_ratio), 0.0, 1.0),
        RATE_HZ,
        FRAME_MS,
    )
    whole: Samples = np.zeros(samples.size, np.float32)
    size = min(samples.size, changed.size)
    whole[:size] = changed[:size]
    return whole


def _warped(columns: Floats, ratio: float) -> Floats:
    """Each row stretched along its frequency axis: the value at f moves to ratio × f."""
    if ratio == 1.0:
        return np.ascontiguousarray(columns)
    last = columns.shape[1] - 1
    places = np.minimum(np.arange(last + 1) / ratio, last)
    low = np.minimum(places.astype(int), last - 1)
    share = places - low
    return np.ascontiguousarray(columns[:, low] * (1 - share) + columns[:, low + 1] * share)


def _crossfaded(old: Samples, new: Samples) -> Samples:
    rise: NDArray[np.float32] = np.linspace(0.0, 1.0, old.size, dtype=np.float32)
    return old * (1 - rise) + new * rise
