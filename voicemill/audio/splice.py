"""Putting new speech into a recording: everything around it stays as it was, and no edge clicks."""

from collections.abc import Callable, Iterable, Iterator
from functools import partial
from pathlib import Path
from typing import Any, BinaryIO, Final

import av
import numpy as np
import soxr
from av.container import InputContainer
from numpy.typing import NDArray

from voicemill.audio.decode import OPTIONS, UndecodableAudio
from voicemill.audio.formats import KeptFormat
from voicemill.audio.join import sounding
from voicemill.audio.media_writer import Frames, Track

Floats = NDArray[np.float32]

EDGE_S: Final = 0.03
"""How long new speech rests at either end, while what was there fades away."""

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
    """The blocks of `before`, the new speech, the blocks of `after`: those around it untouched.

    All at one rate; the blocks mono or of shape (frames, channels), `new` mono in -1..1, said in every channel. `edges`
    gives the first and last of what was in its place, up to `EDGE_S`, and is asked once `before` is used up: that fades
    away in a rest before and after the new speech. Where there is none, the rest is led from the last sample before it
    and to the first one after it within 8 ms. Of the silence that new speech brings along 50 ms stay at each end.
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
    rested = new if is_alone else _rested(new, sample_rate_hz)
    yield _led(rested, last, None if first is None else first[:1], old, sample_rate_hz)
    if first is not None:
        yield first
    yield from following


def splice(
    source: Path, gap_s: tuple[float, float], new: Floats, new_rate_hz: int, kept: KeptFormat, sink: BinaryIO
) -> float:
    """Write the recording at `source` to `sink` with `new` in place of a gap; its new length in seconds.

    Samples outside of the gap are the same to the bit where the format is lossless; others are encoded anew, at the bit
    rate that they had. Raises `UndecodableAudio`.
    """
    try:
        with source.open("rb") as file, av.open(file, "r", options=OPTIONS) as container:
            track = _track_like(container, kept, sink)
            rate_hz = kept.sample_rate_hz
            tape = _Tape(_native(container))
            begin, end = (round(moment_s * rate_hz) for moment_s in gap_s)
            speech = new if new_rate_hz == rate_hz else soxr.resample(new, new_rate_hz, rate_hz)
            with track:
                edges = partial(tape.edges, end, edge_frames(begin, end, rate_hz))
                speech = np.asarray(speech, np.float32)
                for block in spliced(tape.until(begin), speech, tape.beyond(end), rate_hz, edges):
                    track.write(block)
            return track.duration_s
    except av.error.FFmpegError as error:
        raise UndecodableAudio(f"the file is no audio that can be read ({error.strerror})") from error


def edge_frames(begin: int, end: int, sample_rate_hz: int) -> int:
    """How many frames of a gap are faded at each of its ends."""
    return min(round(EDGE_S * sample_rate_hz), (end - begin) // 2)


class _Tape:
    """Blocks of samples, read on from where one is."""

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
            room = len(block) if stop is None else stop - self._position
            if room < len(block):
                block, self._rest = block[:room], block[room:]
            self._position += len(block)
            yield block

    def edges(self, stop: int, size: int) -> tuple[Frames | None, Frames | None]:
        """The next `size` frames, and the last ones before `stop`."""
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


def _track_like(container: InputContainer, kept: KeptFormat, sink: BinaryIO) -> Track:
    stream = container.streams.audio[0]
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


def _native(container: InputContainer) -> Iterator[Frames]:
    """Blocks of shape (frames, channels) as they are decoded."""
    for frame in container.decode(container.streams.audio[0]):
        samples = frame.to_ndarray()
        yield samples.T if frame.format.is_planar else samples.reshape(-1, len(frame.layout.channels))


def _rested(new: Floats, sample_rate_hz: int) -> Floats:
    """The speech with a rest at each end, in which what was there can fade away: 30 ms, or up to 50 of its own."""
    first, last = sounding(new, 0)
    kept, rest = round(_KEPT_SILENCE_S * sample_rate_hz), round(EDGE_S * sample_rate_hz)
    begin, end = max(0, first - kept), min(new.size, last + kept)
    piece = new[begin:end].copy()
    size = min(round(_LEAD_S * sample_rate_hz), piece.size // 2)
    if size:
        fall = _fall(size, 1).astype(np.float32)
        piece[:size] *= 1 - fall
        piece[-size:] *= 1 - fall[::-1]
    return np.pad(piece, (max(0, rest - (first - begin)), max(0, rest - (end - last))))


def _led(
    new: Floats,
    last: Frames | None,
    first: Frames | None,
    old: tuple[Frames | None, Frames | None],
    sample_rate_hz: int,
) -> Frames:
    """`new` in the shape and type of its neighbours, its ends meeting theirs."""
    like = last if last is not None else first
    if like is None:
        return new
    channels = like.shape[1:]
    led = np.repeat(new.astype(np.float64)[:, None], channels[0], axis=1) if channels else new.astype(np.float64)
    size = min(round(_LEAD_S * sample_rate_hz), len(led) // 2)
    _lead(led, last, old[0], size)
    _lead(led[::-1], first, None if old[1] is None else old[1][::-1], size)
    return _as_type(led, like.dtype)


def _lead(led: NDArray[np.float64], neighbour: Frames | None, old: Frames | None, size: int) -> None:
    """Let the beginning of `led` follow its neighbour: over what was there, or else from its last sample."""
    if not size:
        return
    if old is None or neighbour is None:
        led[:size] += ((0.0 if neighbour is None else _as_float(neighbour)) - led[:1]) * _fall(size, led.ndim)
        return
    reach = min(len(old), len(led))
    led[:reach] += _as_float(old[:reach]) * _fall(reach, led.ndim)


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
    step = 256 if dtype.itemsize == 4 else 1  # 24 bits stand left in 32
    scaled = np.round(floats * (-float(limits.min) / step)) * step
    return np.clip(scaled, limits.min, limits.max - step + 1).astype(dtype)
