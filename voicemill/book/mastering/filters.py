"""Filters of FFmpeg over blocks of mono samples."""

from collections.abc import Iterable, Iterator
from fractions import Fraction
from typing import Final

import av
import numpy as np
from av.audio.frame import AudioFrame
from av.filter import Graph

from voicemill.audio.blocks import Mono

_BLOCK_SAMPLES: Final = 1 << 15


def rechunked(blocks: Iterable[Mono], samples: int = _BLOCK_SAMPLES) -> Iterator[Mono]:
    """The same samples in blocks of one length, the last of which may be short."""
    waiting: list[Mono] = []
    size = 0
    for block in blocks:
        waiting.append(block)
        size += block.size
        if size >= samples:
            joined = np.concatenate(waiting)
            whole = size // samples * samples
            yield from joined[:whole].reshape(-1, samples)
            waiting, size = [joined[whole:]], size - whole
    if size:
        yield np.concatenate(waiting)


class Filter:
    """One FFmpeg filter for mono samples at one rate."""

    def __init__(self, name: str, options: str, sample_rate_hz: int) -> None:
        self._rate_hz = sample_rate_hz
        self._position = 0
        self._graph = Graph()
        source = self._graph.add_abuffer(
            sample_rate=sample_rate_hz, format="fltp", layout="mono", time_base=Fraction(1, sample_rate_hz)
        )
        self._graph.link_nodes(source, self._graph.add(name, options), self._graph.add("abuffersink")).configure()

    def frames(self, block: Mono | None) -> Iterator[AudioFrame]:
        """What comes out for the next block; None ends the input."""
        self._graph.push(None if block is None else self._frame(block))
        while True:
            try:
                frame = self._graph.pull()
            except (av.error.BlockingIOError, av.error.EOFError):
                return
            assert isinstance(frame, AudioFrame)
            yield frame

    def _frame(self, block: Mono) -> AudioFrame:
        frame = AudioFrame.from_ndarray(np.ascontiguousarray(block, np.float32).reshape(1, -1), "fltp", "mono")
        frame.sample_rate = self._rate_hz
        frame.time_base = Fraction(1, self._rate_hz)
        frame.pts = self._position
        self._position += block.size
        return frame


def limited(blocks: Iterable[Mono], ceiling_db: float, sample_rate_hz: int) -> Iterator[Mono]:
    """The samples with no peak above `ceiling_db`, by a limiter that looks ahead 5 ms. The length stays the same."""
    ceiling = 10 ** (ceiling_db / 20)
    limiter = Filter("alimiter", f"limit={ceiling:.6f}:attack=5:release=50:level=0:latency=1", sample_rate_hz)
    for block in rechunked(blocks):
        yield from map(_samples, limiter.frames(block))
    yield from map(_samples, limiter.frames(None))


def _samples(frame: AudioFrame) -> Mono:
    return frame.to_ndarray().reshape(-1).astype(np.float32)


class LoudnessMeter:
    """Integrated loudness in LUFS and true peak in dBTP, by FFmpeg's implementation of EBU R 128."""

    def __init__(self, sample_rate_hz: int) -> None:
        self._filter = Filter("ebur128", "peak=true:metadata=1:framelog=quiet", sample_rate_hz)
        self._last: dict[str, str] = {}

    def add(self, block: Mono) -> None:
        """Measure the next block."""
        for frame in self._filter.frames(block):
            self._last = dict(frame.metadata) or self._last

    def finish(self) -> tuple[float, float]:
        """The loudness and the true peak of all blocks."""
        for frame in self._filter.frames(None):
            self._last = dict(frame.metadata) or self._last
        true_peak = float(self._last.get("lavfi.r128.true_peaks_ch0", 0.0))
        loudness_lufs = float(self._last.get("lavfi.r128.I", "-70"))
        return loudness_lufs, 20 * float(np.log10(true_peak)) if true_peak > 0 else -120.0
