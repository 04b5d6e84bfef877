"""Faults for `benchmarks.quality`: what they do to the audio of a passage. All audio is mono at 16 kHz in -1..1."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

RATE_HZ = 16_000
Floats = NDArray[np.float32]


class Recorded(NamedTuple):
    """A passage: its audio, its text, and the moment in seconds at which its last sentence starts, 0 with only one."""

    name: str
    samples: Floats
    text: str
    last_sentence_s: float = 0.0


def _at(seconds: float) -> int:
    return round(seconds * RATE_HZ)


def _dropped(clip: Recorded, _other: Recorded) -> Floats:
    """The last sentence, or the last third of a single one, is missing; the end is silent as before."""
    start_s = clip.last_sentence_s or clip.samples.size / RATE_HZ * 2 / 3
    return np.concatenate([clip.samples[: _at(start_s)], np.zeros(_at(0.2), np.float32)])


def _repeated(clip: Recorded, _other: Recorded) -> Floats:
    """The first sentences, or a single one, are said twice."""
    end = _at(clip.last_sentence_s) or clip.samples.size
    return np.concatenate([clip.samples[:end], clip.samples])


def _truncated(clip: Recorded, _other: Recorded) -> Floats:
    """The last quarter is missing."""
    return clip.samples[: clip.samples.size * 3 // 4]


def _swapped(_clip: Recorded, other: Recorded) -> Floats:
    """Another passage is said."""
    return other.samples


def _silent(clip: Recorded, _other: Recorded) -> Floats:
    """Two seconds of silence in the middle."""
    middle = clip.samples.size // 2
    return np.concatenate([clip.samples[:middle], np.zeros(_at(2.0), np.float32), clip.samples[middle:]])


def _stuck(clip: Recorded, _other: Recorded) -> Floats:
    """The loudest half second is played five times."""
    half = _at(0.5)
    levels = np.convolve(np.square(clip.samples), np.ones(half), "valid")[:: _at(0.05)]
    start = int(np.argmax(levels)) * _at(0.05)
    return np.concatenate(
        [clip.samples[:start], np.tile(clip.samples[start : start + half], 5), clip.samples[start + half :]]
    )


def _garbled(clip: Recorded, _other: Recorded) -> Floats:
    """2.5 seconds in the middle are played backwards."""
    start = max(0, clip.samples.size // 2 - _at(1.25))
    end = start + _at(2.5)
    return np.concatenate([clip.samples[:start], clip.samples[start:end][::-1], clip.samples[end:]])


FAULTS: dict[str, Callable[[Recorded, Recorded], Floats]] = {
    "dropped": _dropped,
    "repeated": _repeated,
    "truncated": _truncated,
    "swapped": _swapped,
    "silent": _silent,
    "stuck": _stuck,
    "garbled": _garbled,
}
"""Each fault by name: the passage, and another passage, to the faulty audio."""


def injected(clips: Sequence[Recorded], number: int, each: int) -> dict[str, Floats]:
    """`each` faults for the passage `number`, in turn, and the audio without a fault as `none`."""
    clip, other = clips[number], clips[(number + 1) % len(clips)]
    names = [[*FAULTS][(number * each + step) % len(FAULTS)] for step in range(each)]
    return {"none": clip.samples, **{name: FAULTS[name](clip, other) for name in names}}
