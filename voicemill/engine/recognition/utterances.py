"""Splits long audio at pauses, so that it can be recognized in parts."""

from collections.abc import Iterable, Iterator
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

RATE_HZ: Final = 16_000
FRAME: Final = 480
"""30 ms, the longest frame the voice activity detector takes."""
FRAME_S: Final = FRAME / RATE_HZ
LONGEST_FRAMES: Final = round(20.0 / FRAME_S)
PAUSE_FRAMES: Final = round(0.6 / FRAME_S)
LEAD_FRAMES: Final = round(0.3 / FRAME_S)
# The second most sensitive level: false alarms cost time, missed speech costs words.
STRICTNESS: Final = 1
EXCERPT_FRAMES: Final = round(300.0 / FRAME_S)
_SPLIT_FRAMES: Final = round(30.0 / FRAME_S)


class Excerpt(NamedTuple):
    """Part of a recording and the sample at which it starts."""

    start: int
    samples: NDArray[np.float32]


def utterances(blocks: Iterable[NDArray[np.float32]]) -> Iterator[Excerpt]:
    """The speech in 16 kHz blocks in excerpts of at most 20 s, split in pauses or else at the quietest point.

    Excerpts without speech are omitted.
    """
    import webrtcvad  # native code, which the server must not load

    detector = webrtcvad.Vad(STRICTNESS)
    start, frames, speech = 0, list[NDArray[np.float32]](), list[bool]()
    for frame in _frames(blocks):
        frames.append(frame)
        speech.append(detector.is_speech(_pcm(frame), RATE_HZ))
        cut = _cut(frames, speech)
        if cut == 0:
            continue
        if any(speech[:cut]):
            yield Excerpt(start, np.concatenate(frames[:cut]))
        start += cut * FRAME
        del frames[:cut], speech[:cut]
    if any(speech):
        yield Excerpt(start, np.concatenate(frames))


def _cut(frames: list[NDArray[np.float32]], speech: list[bool]) -> int:
    """The number of frames that make up the next utterance; 0 while it continues."""
    pausing = len(speech) > PAUSE_FRAMES and not any(speech[-PAUSE_FRAMES:])
    if pausing and any(speech):
        return len(frames) - PAUSE_FRAMES // 2
    if pausing:
        return len(frames) - LEAD_FRAMES
    if len(frames) < LONGEST_FRAMES:
        return 0
    return _quietest(frames, LONGEST_FRAMES // 2)


def five_minute_excerpts(blocks: Iterable[NDArray[np.float32]]) -> Iterator[Excerpt]:
    """16 kHz blocks in excerpts of at most five minutes, split at the quietest point of the last 30 s of each."""
    start, frames = 0, list[NDArray[np.float32]]()
    for frame in _frames(blocks):
        frames.append(frame)
        if len(frames) == EXCERPT_FRAMES:
            cut = _quietest(frames, EXCERPT_FRAMES - _SPLIT_FRAMES)
            yield Excerpt(start, np.concatenate(frames[:cut]))
            start += cut * FRAME
            del frames[:cut]
    if frames:
        yield Excerpt(start, np.concatenate(frames))


def _quietest(frames: list[NDArray[np.float32]], first: int) -> int:
    energy = np.array([np.square(frame).sum() for frame in frames[first:]])
    return first + int(np.argmin(np.convolve(energy, np.ones(5), "same")))


def _frames(blocks: Iterable[NDArray[np.float32]]) -> Iterator[NDArray[np.float32]]:
    """Whole frames; the last is padded with silence."""
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
