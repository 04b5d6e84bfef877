"""Write samples as an audio file in any container and codec of FFmpeg, with any number of channels."""

from collections.abc import Mapping
from fractions import Fraction
from types import TracebackType
from typing import Any, BinaryIO, Final, Self, cast

import av
import numpy as np
from av.audio.frame import AudioFrame
from av.audio.stream import AudioStream
from numpy.typing import NDArray

from voicemill.audio.sink import Sink

MUXERS: Final = {"m4a": "ipod", "mkv": "matroska"}
"""FFmpeg's names of containers, where they differ from ours."""

ENCODERS: Final = {"opus": "libopus", "mp3": "libmp3lame"}
"""FFmpeg's names of encoders, where they differ from the name of the encoding."""

# Without this option, FFmpeg writes its own version into the file.
_REPEATABLE: Final = {"fflags": "+bitexact"}
_WAV_OPTIONS: Final = {"rf64": "auto"}
_PACKED: Final = {"u1": "u8", "i2": "s16", "i4": "s32", "f4": "flt", "f8": "dbl"}

Frames = NDArray[Any]
"""Samples, shape (frames, channels): uint8, int16, int32, float32 or float64."""


class Track:
    """Writes a file with one audio stream block by block. Samples of the codec's own type are stored unchanged.

    `target` is a seekable binary file that stays open. `is_deep` samples have 24 bits, in the upper bits of 32. Without
    `muxer_options`, a WAV that is too long for its header becomes RF64. The file is complete only after `close`, or
    after the block of a `with` statement. `write` and `close` raise the errors of `target`.
    """

    def __init__(
        self,
        target: BinaryIO,
        container: str,
        codec: str,
        sample_rate_hz: int,
        *,
        channels: int | str = 1,
        bit_rate_bps: int | None = None,
        is_deep: bool = False,
        tags: Mapping[str, str] | None = None,
        muxer_options: Mapping[str, str] | None = None,
    ) -> None:
        if muxer_options is None:
            muxer_options = _WAV_OPTIONS if container == "wav" else {}
        self._sink = Sink(target)
        self._container = av.open(
            self._sink,
            "w",
            format=MUXERS.get(container, container),
            options={**_REPEATABLE, **muxer_options},
        )
        self._container.metadata.update(tags or {})
        self._layout = {1: "mono", 2: "stereo"}.get(channels, f"{channels}c") if isinstance(channels, int) else channels
        stream = self._container.add_stream(ENCODERS.get(codec, codec), rate=sample_rate_hz, layout=self._layout)
        self._stream = cast(AudioStream, stream)
        if is_deep and codec == "flac":
            self._stream.codec_context.format = "s32"
        if bit_rate_bps:
            self._stream.bit_rate = bit_rate_bps
        self._rate_hz = sample_rate_hz
        self._frames = 0

    @property
    def duration_s(self) -> float:
        """The length written so far, in seconds."""
        return self._frames / self._rate_hz

    def write(self, samples: Frames) -> None:
        """Append samples, shape (frames, channels)."""
        if not len(samples):
            return
        plane = np.ascontiguousarray(samples).reshape(1, -1)
        frame = AudioFrame.from_ndarray(plane, _PACKED[plane.dtype.str[1:]], self._layout)
        frame.sample_rate = self._rate_hz
        frame.time_base = Fraction(1, self._rate_hz)
        frame.pts = self._frames
        self._frames += len(samples)
        self._container.mux(self._stream.encode(frame))
        self._sink.check()

    def close(self) -> None:
        """Write the remaining samples, and the final sizes into the header."""
        self._container.start_encoding()
        self._container.mux(self._stream.encode(None))
        self._container.close()
        self._sink.check()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is None:
            self.close()
        else:
            self._sink.drop()
            self._container.close()
