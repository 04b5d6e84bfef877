"""Insert new speech into a recording: the samples around it stay the same, and the edges do not click."""

from collections.abc import Callable, Iterable, Iterator
from functools import partial
from pathlib import Path
from typing import Any, BinaryIO, Final

import numpy as np
import soxr
from av.audio.stream import AudioStream
from av.container import InputContainer
from numpy.typing import NDArray

from voicemill.audio.blocks import native_blocks
from voicemill.audio.decode import opened_container
from voicemill.audio.join import sounding
from voicemill.audio.media_writer import Frames, Track
from voicemill.audio.playback import Playback
from voicemill.model.audio_formats import SourceFormat
from voicemill.model.recordings import PLAIN, Reading

Floats = NDArray[np.float32]

EDGE_S: Final = 0.03
"""The pause at either end of new speech, in which the replaced sound fades out."""

_LEAD_S: Final = 0.008
_KEPT_SILENCE_S: Final = 0.05
_LOSSLESS: Final = ("flac", "pcm_")


def _nothing() -> tuple[Frames | None, Frames | None]:
    return None, None


def spliced(
    before: Iterable[Frames],
    new: Floats,
    after: Iterable[Frames],
    sample_rate_hz: int,
    edges: Callable[[], tuple[Frames | None, Frames | None]] = _nothing,
) -> Iterator[Frames]:
    """The blocks of `before`, the new speech, and the blocks of `after`, which are not changed.

    All have the same rate. The blocks are mono or of shape (frames, channels); `new` is mono in -1..1 and goes into
    every channel. `edges` returns the first and the last samples that are replaced, up to `EDGE_S` of each; it is
    called when `before` is used up. They fade out in a pause before and after the new speech. Without them, the pause
    fades from the last sample before it and to the first one after it within 8 ms. At most 50 ms of silence at each end
    of the new speech are kept.
    """
    last: Frames | None = None
    for block in before:
        if len(block):
            last = block[-1:]
            yield block
    old = edges()
    following = (block for block in after if len(block))
    first = next(following, None)
    is_alone = last is None and first is None
    padded = new if is_alone else _padded(new, sample_rate_hz)
    yield _blended(padded, last, None if first is None else first[:1], old, sample_rate_hz)
    if first is not None:
        yield first
    yield from following


def splice(
    source: Path,
    gap_s: tuple[float, float],
    new: Floats,
    new_rate_hz: int,
    kept: SourceFormat,
    sink: BinaryIO,
    reading: Reading = PLAIN,
) -> float:
    """Write the recording at `source` to `sink` with `new` in place of a gap, and return the new length in seconds.

    In lossless formats the samples outside the gap stay the same to the bit. Other formats are encoded again at their
    bit rate. Holes in the time stamps become silence. Raises `UndecodableAudio`.
    """
    with source.open("rb") as file, opened_container(file) as container:
        playback = Playback(container, reading.track)
        track = _track_like(container, playback.stream, kept, sink)
        rate_hz = kept.sample_rate_hz
        tape = _Tape(native_blocks(playback.frames()))
        begin, end = (round(moment_s * rate_hz) for moment_s in gap_s)
        speech = np.asarray(new if new_rate_hz == rate_hz else soxr.resample(new, new_rate_hz, rate_hz), np.float32)
        with track:
            edges = partial(tape.edges, end, edge_frames(begin, end, rate_hz))
            for block in spliced(tape.until(begin), speech, tape.beyond(end), rate_hz, edges):
                track.write(block)
        return track.duration_s


def edge_frames(begin: int, end: int, sample_rate_hz: int) -> int:
    """The number of frames of a gap that are faded at each of its ends."""
    return min(round(EDGE_S * sample_rate_hz), (end - begin) // 2)


class _Tape:
    """Blocks of samples with a position, from which they are read on."""

    def __init__(self, blocks: Iterator[Frames]) -> None:
        self._blocks = blocks
        self._rest: Frames | None = None
        self._position = 0

    def until(self, stop: int | None) -> Iterator[Frames]:
        while stop is None or self._position < stop:
            block = next(self._blocks, None) if self._rest is None else self._rest
            self._rest = None
            if block is None:
                return
            length = len(block) if stop is None else stop - self._position
            if length < len(block):
                block, self._rest = block[:length], block[length:]
            self._position += len(block)
            yield block

    def edges(self, stop: int, size: int) -> tuple[Frames | None, Frames | None]:
        """The next `size` frames, and the last `size` frames before `stop`."""
        if not size:
            return None, None
        first = [*self.until(self._position + size)]
        for _ in self.until(stop - size):
            pass
        last = [*self.until(stop)]
        return (np.concatenate(first) if first else None), (np.concatenate(last) if last else None)

    def beyond(self, start: int) -> Iterator[Frames]:
        for _ in self.until(start):
            pass
        yield from self.until(None)


def _track_like(container: InputContainer, stream: AudioStream, kept: SourceFormat, sink: BinaryIO) -> Track:
    is_lossless = kept.encoding.startswith(_LOSSLESS)
    return Track(
        sink,
        kept.container,
        kept.encoding,
        kept.sample_rate_hz,
        channels=stream.codec_context.layout.name,
        bit_rate_bps=None if is_lossless else stream.bit_rate,
        is_deep=stream.codec_context.format.name.startswith("s32"),
        tags={**container.metadata, **stream.metadata},
    )


def _padded(new: Floats, sample_rate_hz: int) -> Floats:
    """The speech with a pause at each end, in which the replaced sound fades out: 30 ms, or up to 50 ms of its own."""
    first, last = sounding(new, 0)
    kept, pause = round(_KEPT_SILENCE_S * sample_rate_hz), round(EDGE_S * sample_rate_hz)
    begin, end = max(0, first - kept), min(new.size, last + kept)
    piece = new[begin:end].copy()
    size = min(round(_LEAD_S * sample_rate_hz), piece.size // 2)
    if size:
        fall = _fall(size, 1).astype(np.float32)
        piece[:size] *= 1 - fall
        piece[-size:] *= 1 - fall[::-1]
    return np.pad(piece, (max(0, pause - (first - begin)), max(0, pause - (end - last))))


def _blended(
    new: Floats,
    last: Frames | None,
    first: Frames | None,
    old: tuple[Frames | None, Frames | None],
    sample_rate_hz: int,
) -> Frames:
    """`new` in the shape and type of its neighbors, blended into them at both ends."""
    like = last if last is not None else first
    if like is None:
        return new
    channels = like.shape[1:]
    blended = np.repeat(new.astype(np.float64)[:, None], channels[0], axis=1) if channels else new.astype(np.float64)
    size = min(round(_LEAD_S * sample_rate_hz), len(blended) // 2)
    _blend(blended, last, old[0], size)
    _blend(blended[::-1], first, None if old[1] is None else old[1][::-1], size)
    return _as_type(blended, like.dtype)


def _blend(samples: NDArray[np.float64], neighbor: Frames | None, old: Frames | None, size: int) -> None:
    """Add the fading end of the replaced sound, or else of the neighbor's last sample, to the start of `samples`."""
    if not size:
        return
    if old is None or neighbor is None:
        samples[:size] += ((0.0 if neighbor is None else _as_float(neighbor)) - samples[:1]) * _fall(size, samples.ndim)
        return
    reach = min(len(old), len(samples))
    samples[:reach] += _as_float(old[:reach]) * _fall(reach, samples.ndim)


def _fall(size: int, dimensions: int) -> NDArray[np.float64]:
    fall = 0.5 + 0.5 * np.cos(np.linspace(0, np.pi, size))
    return fall.reshape(-1, *(1 for _ in range(dimensions - 1)))


def _as_float(samples: Frames) -> NDArray[np.float64]:
    floats = samples.astype(np.float64)
    if samples.dtype.kind == "u":
        return floats / 128 - 1
    return floats / -float(np.iinfo(samples.dtype).min) if samples.dtype.kind == "i" else floats


def _as_type(floats: NDArray[np.float64], dtype: "np.dtype[Any]") -> Frames:
    if dtype.kind == "f":
        return floats.astype(dtype)
    limits = np.iinfo(dtype)
    if dtype.kind == "u":
        return np.clip(np.round((floats + 1) * 128), limits.min, limits.max).astype(dtype)
    step = 256 if dtype.itemsize == 4 else 1  # 24 bits are the upper ones of 32
    scaled = np.round(floats * (-float(limits.min) / step)) * step
    return np.clip(scaled, limits.min, limits.max - step + 1).astype(dtype)
