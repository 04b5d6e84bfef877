"""Cutting long audio at its pauses, so that it can be recognised piece by piece."""

from collections.abc import Iterable, Iterator
from typing import Final, NamedTuple

import numpy as np
import webrtcvad
from numpy.typing import NDArray

RATE_HZ: Final = 16_000
FRAME: Final = 480
"""30 ms, the longest frame the voice activity detector takes."""
FRAME_S: Final = FRAME / RATE_HZ
LONGEST_FRAMES: Final = round(20.0 / FRAME_S)
PAUSE_FRAMES: Final = round(0.6 / FRAME_S)
LEAD_FRAMES: Final = round(0.3 / FRAME_S)
# The least strict but one: what is taken for speech by mistake costs time, what is missed costs words.
STRICTNESS: Final = 1
STRETCH_FRAMES: Final = round(300.0 / FRAME_S)
_QUIET_FRAMES: Final = round(30.0 / FRAME_S)


class Heard(NamedTuple):
    """A stretch of a recording and where it starts, in samples."""

    start: int
    samples: NDArray[np.float32]


def utterances(blocks: Iterable[NDArray[np.float32]]) -> Iterator[Heard]:
    """The stretches of speech in 16 kHz blocks, each at most 20 s long, cut in pauses or else where it is quietest.

    Stretches without speech are left out.
    """
    detector = webrtcvad.Vad(STRICTNESS)
    start, frames, speech = 0, list[NDArray[np.float32]](), list[bool]()
    for frame in _frames(blocks):
        frames.append(frame)
        speech.append(detector.is_speech(_pcm(frame), RATE_HZ))
        cut = _cut(frames, speech)
        if cut == 0:
            continue
        if any(speech[:cut]):
            yield Heard(start, np.concatenate(frames[:cut]))
        start += cut * FRAME
        del frames[:cut], speech[:cut]
    if any(speech):
        yield Heard(start, np.concatenate(frames))


def _cut(frames: list[NDArray[np.float32]], speech: list[bool]) -> int:
    """How many frames make an utterance now; 0 while it goes on."""
    pausing = len(speech) > PAUSE_FRAMES and not any(speech[-PAUSE_FRAMES:])
    if pausing and any(speech):
        return len(frames) - PAUSE_FRAMES // 2
    if pausing:
        return len(frames) - LEAD_FRAMES
    if len(frames) < LONGEST_FRAMES:
        return 0
    return _quietest(frames, LONGEST_FRAMES // 2)


def stretches(blocks: Iterable[NDArray[np.float32]]) -> Iterator[Heard]:
    """16 kHz blocks in stretches of at most five minutes, cut where the last half minute of each is quietest."""
    start, frames = 0, list[NDArray[np.float32]]()
    for frame in _frames(blocks):
        frames.append(frame)
        if len(frames) == STRETCH_FRAMES:
            cut = _quietest(frames, STRETCH_FRAMES - _QUIET_FRAMES)
            yield Heard(start, np.concatenate(frames[:cut]))
            start += cut * FRAME
            del frames[:cut]
    if frames:
        yield Heard(start, np.concatenate(frames))


def _quietest(frames: list[NDArray[np.float32]], first: int) -> int:
    energy = np.array([np.square(frame).sum() for frame in frames[first:]])
    return first + int(np.argmin(np.convolve(energy, np.ones(5), "same")))


def _frames(blocks: Iterable[NDArray[np.float32]]) -> Iterator[NDArray[np.float32]]:
    """Whole frames; the last is filled with silence."""
    rest = np.zeros(0, np.float32)
    for block in blocks:
        rest = np.concatenate([rest, block])
        whole = rest.size // FRAME * FRAME
        yield from rest[:whole].reshape(-1, FRAME)
        rest = rest[whole:]
    if rest.size:
        yield np.pad(rest, (0, FRAME - rest.size))


def _pcm(frame: NDArray[np.float32]) -> bytes:
    return (np.clip(frame, -1.0, 1.0) * 32767).astype("<i2").tobytes()
