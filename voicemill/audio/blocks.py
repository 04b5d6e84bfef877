"""Turn placed frames into blocks of samples: mono and float, or as the codec decodes them."""

from collections.abc import Callable, Iterable, Iterator
from typing import Any, Final, cast

import numpy as np
from av.audio.frame import AudioFrame
from av.audio.resampler import AudioResampler
from numpy.typing import NDArray

from voicemill.audio.playback import PlacedFrame

Mono = NDArray[np.float32]
Samples = NDArray[Any]
"""Samples of any type, shape (samples, channels), or (samples,) where there is one channel."""

_SILENCE_BLOCK: Final = 48_000
_JOINED_SAMPLES: Final = 16_384
_UNSIGNED_ZERO: Final = 128
_LOUDEST: Final = 1e6
"""Far above full scale, which is 1; programs that store 16-bit values as floats reach 32,768."""
_PACKED_CHANNELS: Final = 2
"""How many channels a frame may have whose samples are read without a conversion by FFmpeg."""


def mono_blocks(frames: Iterable[PlacedFrame], channel: int | None = None) -> Iterator[Mono]:
    """Finite float32 blocks at the rate of the first frame: the mean of all channels, or one `channel`."""

    def mixed(frame: AudioFrame) -> Mono:
        channels = _packed(frame).T
        if channel is None and len(channels) > 1:
            return np.asarray(channels.mean(axis=0, dtype=np.float32))
        return np.asarray(channels[min(channel or 0, len(channels) - 1)], np.float32)

    # Without a layout: FFmpeg's own mix is 3 dB louder than the mean, and clips.
    return _joined(_blocks(frames, lambda first: Conformer("flt", None, first.sample_rate), mixed))


def planar_blocks(frames: Iterable[PlacedFrame]) -> Iterator[Samples]:
    """Float32 blocks of all channels, shape (samples, channels), at the rate of the first frame."""
    return _blocks(frames, lambda first: Conformer("flt", None, first.sample_rate), _packed)


def native_blocks(frames: Iterable[PlacedFrame]) -> Iterator[Samples]:
    """Blocks of the first frame's sample type, layout and rate, shape (samples, channels)."""

    def conformer(first: AudioFrame) -> Conformer:
        return Conformer(first.format.packed.name, first.layout.name, first.sample_rate)

    return _blocks(frames, conformer, _packed)


def _packed(frame: AudioFrame) -> Samples:
    """The samples of a frame, shape (samples, channels).

    Planar frames with more than two channels are converted to a packed format first: PyAV reads beyond the planes of a
    frame with more than eight channels and the process crashes. Damaged AAC can claim 17.
    """
    samples = cast(Samples, frame.to_ndarray())
    return samples.T if frame.format.is_planar else samples.reshape(-1, frame.layout.nb_channels)


def _blocks(
    frames: Iterable[PlacedFrame],
    conformer_for: "Callable[[AudioFrame], Conformer]",
    samples_of: Callable[[AudioFrame], Samples],
) -> Iterator[Samples]:
    conformer: Conformer | None = None
    like: Samples | None = None
    for frame, silence, dropped in frames:
        conformer = conformer or conformer_for(frame)
        frame.pts = None
        blocks = [samples_of(one) for one in conformer.convert(frame)]
        like = blocks[0] if blocks else like
        if silence and like is not None:
            yield from _silence(silence, like)
        for block in blocks:
            if dropped < len(block):
                yield block[dropped:]
            dropped -= min(dropped, len(block))
    for frame in conformer.flush() if conformer else ():
        yield samples_of(frame)


def _joined(blocks: Iterable[Mono]) -> Iterator[Mono]:
    """Fewer and longer blocks: a codec's frames are short, and what is done with a block has a fixed cost."""
    waiting: list[Mono] = []
    samples = 0
    for block in blocks:
        waiting.append(block)
        samples += block.size
        if samples >= _JOINED_SAMPLES:
            yield _finite(np.concatenate(waiting))
            waiting, samples = [], 0
    if waiting:
        yield _finite(np.concatenate(waiting))


def _finite(block: Mono) -> Mono:
    """The block with samples that damaged files of floats contain limited: in a resampler they would spread."""
    if np.abs(block).max(initial=0.0) <= _LOUDEST:  # False if a sample is not a number.
        return block
    return np.clip(np.nan_to_num(block, posinf=_LOUDEST, neginf=-_LOUDEST), -_LOUDEST, _LOUDEST)


def _silence(samples: int, like: Samples) -> Iterator[Samples]:
    value = _UNSIGNED_ZERO if like.dtype.kind == "u" else 0
    for start in range(0, samples, _SILENCE_BLOCK):
        yield np.full((min(_SILENCE_BLOCK, samples - start), *like.shape[1:]), value, like.dtype)


class Conformer:
    """Converts frames to one sample format and rate, and to one layout unless that is None.

    A damaged or joined file may change all three from one frame to the next.
    """

    def __init__(self, format_name: str, layout: str | None, sample_rate_hz: int) -> None:
        self._format = format_name
        self._layout = layout
        self._rate_hz = sample_rate_hz
        self._kind: tuple[str, str, int] | None = None
        self._resampler: AudioResampler | None = None

    def convert(self, frame: AudioFrame) -> list[AudioFrame]:
        """The samples of `frame`, after what the frames before it left in the resampler."""
        kind = (frame.format.name, frame.layout.name, frame.sample_rate)
        rest = self.flush() if kind != self._kind else []
        self._kind = kind
        if self._is_conform(frame):
            return [*rest, frame]
        if self._resampler is None:
            self._resampler = AudioResampler(self._format, self._layout, self._rate_hz)
        return [*rest, *self._resampler.resample(frame)]

    def _is_conform(self, frame: AudioFrame) -> bool:
        """Whether only the order of the samples may differ, which `_packed` changes faster than FFmpeg."""
        is_like = frame.format.packed.name == self._format and frame.sample_rate == self._rate_hz
        return is_like and self._layout in (None, frame.layout.name) and frame.layout.nb_channels <= _PACKED_CHANNELS

    def flush(self) -> list[AudioFrame]:
        """The last samples."""
        if self._resampler is None:
            return []
        rest = self._resampler.resample(None)
        self._resampler = None
        return list(rest)
