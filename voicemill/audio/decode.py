"""Reading any audio file as blocks of mono samples at one rate, in memory that does not grow with its length."""

from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from typing import BinaryIO, Final

import av
import numpy as np
import soxr
from av.audio.frame import AudioFrame
from av.audio.resampler import AudioResampler
from av.container import InputContainer
from numpy.typing import NDArray

# The demuxers of the API's upload formats (flac m4a mp3 mp4 mpeg mpga oga ogg wav webm). No playlist is among them,
# and a file object is given instead of a path, so that a hostile file cannot make FFmpeg open another one.
DEMUXERS: Final = ("aac", "flac", "matroska", "mov", "mp3", "mp4", "mpeg", "mpegts", "ogg", "wav", "w64")
_OPTIONS: Final = {"format_whitelist": ",".join((*DEMUXERS, "webm", "m4a")), "protocol_whitelist": "none"}


class UndecodableAudio(ValueError):
    """The file holds no audio that can be read; the text says why."""


def decode(source: Path | BinaryIO, sample_rate_hz: int) -> Iterator[NDArray[np.float32]]:
    """Mono float32 blocks at `sample_rate_hz`, of the file's first audio stream; several channels become their mean.

    The container is found from the content, never from the name. Raises `UndecodableAudio`.
    """
    if isinstance(source, Path):
        with source.open("rb") as file:
            yield from decode(file, sample_rate_hz)
        return
    try:
        with av.open(source, "r", options=_OPTIONS) as container:
            yield from _resampled(_mono(container), sample_rate_hz)
    except av.error.FFmpegError as error:
        raise UndecodableAudio(f"the file is no audio that can be read ({error.strerror})") from error


def decode_all(source: Path | BinaryIO, sample_rate_hz: int) -> NDArray[np.float32]:
    """The whole file at once. Raises `UndecodableAudio`."""
    return np.concatenate([np.zeros(0, np.float32), *decode(source, sample_rate_hz)])


def _mono(container: InputContainer) -> Iterator[AudioFrame]:
    if not container.streams.audio:
        raise UndecodableAudio("the file holds no audio")
    resampler: AudioResampler | None = None
    for frame in container.decode(container.streams.audio[0]):
        if resampler is None:
            resampler = AudioResampler("flt", "mono", frame.sample_rate)
        frame.pts = None
        yield from resampler.resample(frame)
    if resampler is None:
        raise UndecodableAudio("the file holds no audio")
    yield from resampler.resample(None)


def _resampled(frames: Iterator[AudioFrame], to_hz: int) -> Iterator[NDArray[np.float32]]:
    first = next(frames, None)
    if first is None:
        raise UndecodableAudio("the file holds no audio")
    stream = soxr.ResampleStream(first.sample_rate, to_hz, 1, dtype="float32")
    for frame in chain([first], frames):
        block = stream.resample_chunk(frame.to_ndarray()[0].astype(np.float32, copy=False))
        if block.size:
            yield block
    yield stream.resample_chunk(np.zeros(0, np.float32), last=True)
