"""Reading any audio file as blocks of mono samples at one rate, in memory that does not grow with its length."""

from collections.abc import Callable, Iterable, Iterator
from itertools import chain, groupby
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
OPTIONS: Final = {"format_whitelist": ",".join((*DEMUXERS, "webm", "m4a")), "protocol_whitelist": "none"}
"""What every file is opened with."""


_SEEK_MARGIN_S: Final = 1.0
"""How much before a stretch decoding begins, for a decoder needs what came before (MP3's bit reservoir)."""


LOWEST_RATE_HZ: Final = 1000
HIGHEST_RATE_HZ: Final = 768_000
"""Sample rates that recordings have. A header may claim 1 Hz, and a few kilobytes would become hours."""
_UNSEEKABLE: Final = frozenset({"mpeg"})
"""FFmpeg finds no place in these by its time, so what lies before is read."""


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
        with av.open(source, "r", options=OPTIONS, metadata_errors="replace") as container:
            yield from _resampled(_frames(container), sample_rate_hz)
    except av.error.FFmpegError as error:
        raise UndecodableAudio(f"the file is no audio that can be read ({error.strerror})") from error


def decode_all(source: Path | BinaryIO, sample_rate_hz: int) -> NDArray[np.float32]:
    """The whole file at once. Raises `UndecodableAudio`."""
    return np.concatenate([np.zeros(0, np.float32), *decode(source, sample_rate_hz)])


def decode_stretch(
    path: Path, sample_rate_hz: int, start_s: float, stop_s: float | None
) -> Iterator[NDArray[np.float32]]:
    """As `decode`, from `start_s` to `stop_s` (None: the end); what lies before is sought over, not decoded.

    Raises `UndecodableAudio`.
    """
    try:
        with path.open("rb") as file, av.open(file, "r", options=OPTIONS, metadata_errors="replace") as container:
            if start_s > _SEEK_MARGIN_S and container.format.name not in _UNSEEKABLE:
                container.seek(int((start_s - _SEEK_MARGIN_S) * av.time_base))
            yield from _resampled(_between(container, start_s, stop_s), sample_rate_hz)
    except av.error.FFmpegError as error:
        raise UndecodableAudio(f"the file is no audio that can be read ({error.strerror})") from error


def _between(container: InputContainer, start_s: float, stop_s: float | None) -> Iterator[AudioFrame]:
    """The frames of a stretch, the first and last cut to it."""
    frames = _decoded(container)
    first = next(frames, None)
    if first is None:
        return
    at_s = 0.0
    if first.pts is not None and first.time_base is not None:
        at_s = float((first.pts - (container.streams.audio[0].start_time or 0)) * first.time_base)
    position = round(at_s * first.sample_rate)
    start = round(start_s * first.sample_rate)
    stop = None if stop_s is None else round(stop_s * first.sample_rate)
    for frame in _planar(chain([first], frames)):
        begin = max(0, start - position)
        end = frame.samples if stop is None else min(frame.samples, stop - position)
        position += frame.samples
        if end <= 0:
            return
        if begin < end:
            yield frame if (begin, end) == (0, frame.samples) else _cut(frame, begin, end)


def _cut(frame: AudioFrame, begin: int, end: int) -> AudioFrame:
    samples = np.ascontiguousarray(frame.to_ndarray()[:, begin:end], np.float32)
    cut = AudioFrame.from_ndarray(samples, "fltp", frame.layout.name)
    cut.sample_rate = frame.sample_rate
    return cut


def _frames(container: InputContainer) -> Iterator[AudioFrame]:
    frames = _planar(_decoded(container))
    first = next(frames, None)
    if first is None:
        raise UndecodableAudio("the file holds no audio")
    yield first
    yield from frames


def _decoded(container: InputContainer) -> Iterator[AudioFrame]:
    if not container.streams.audio:
        raise UndecodableAudio("the file holds no audio")
    return container.decode(container.streams.audio[0])


def _planar(frames: Iterable[AudioFrame]) -> Iterator[AudioFrame]:
    """The frames as planes of float32, at the first one's rate and with their own channels.

    A damaged or spliced file may change both from one frame to the next.
    """
    rate_hz: int | None = None
    for _, alike in groupby(frames, _kind):
        resampler: AudioResampler | None = None
        for frame in alike:
            if resampler is None:  # without a layout, for FFmpeg's own downmix is 3 dB louder than the mean, and clips
                rate_hz = rate_hz or frame.sample_rate
                resampler = AudioResampler("fltp", rate=rate_hz)
            frame.pts = None
            yield from resampler.resample(frame)
        if resampler is not None:
            yield from resampler.resample(None)


def _kind(frame: AudioFrame) -> tuple[str, str, int]:
    return frame.format.name, frame.layout.name, frame.sample_rate


def _resampled(frames: Iterator[AudioFrame], to_hz: int) -> Iterator[NDArray[np.float32]]:
    first = next(frames, None)
    if first is None:
        raise UndecodableAudio("the file holds no audio")
    if not LOWEST_RATE_HZ <= first.sample_rate <= HIGHEST_RATE_HZ:
        raise UndecodableAudio(f"its sample rate of {first.sample_rate} Hz is none that a recording has")
    stream = soxr.ResampleStream(first.sample_rate, to_hz, 1, dtype="float32")
    for frame in chain([first], frames):
        block = stream.resample_chunk(frame.to_ndarray().mean(axis=0, dtype=np.float32))
        if block.size:
            yield block
    yield stream.resample_chunk(np.zeros(0, np.float32), last=True)


def decode_headerless(
    source: Path, encoding: str, from_hz: int, to_hz: int, block_bytes: int = 1 << 18
) -> Iterator[NDArray[np.float32]]:
    """Mono float32 blocks at `to_hz` of a file that is samples only. `encoding` is one of `HEADERLESS`.

    Raises `UndecodableAudio` when there is not one whole sample.
    """
    read = HEADERLESS[encoding]
    stream = soxr.ResampleStream(from_hz, to_hz, 1, dtype="float32")
    empty = True
    with source.open("rb") as file:
        while content := file.read(block_bytes):
            samples = read(content)
            empty = empty and samples.size == 0
            yield stream.resample_chunk(np.nan_to_num(samples, posinf=1.0, neginf=-1.0))
    if empty:
        raise UndecodableAudio("the file holds no audio")
    yield stream.resample_chunk(np.zeros(0, np.float32), last=True)


def _scaled(dtype: str, full_scale: float) -> Callable[[bytes], NDArray[np.float32]]:
    def read(content: bytes) -> NDArray[np.float32]:
        whole = len(content) // np.dtype(dtype).itemsize * np.dtype(dtype).itemsize
        return (np.frombuffer(content[:whole], dtype) / full_scale).astype(np.float32)

    return read


def _looked_up(table: NDArray[np.float32]) -> Callable[[bytes], NDArray[np.float32]]:
    return lambda content: table[np.frombuffer(content, np.uint8)]


def _mulaw_table() -> NDArray[np.float32]:
    """ITU-T G.711, mu-law."""
    code = ~np.arange(256, dtype=np.uint8)
    exponent, mantissa = (code >> 4) & 7, (code & 15).astype(np.int32)
    size = (((mantissa << 3) + 132) << exponent) - 132
    return (np.where(code & 128, -size, size) / 32768).astype(np.float32)


def _alaw_table() -> NDArray[np.float32]:
    """ITU-T G.711, A-law."""
    code = np.arange(256, dtype=np.uint8) ^ 0x55
    exponent, mantissa = ((code >> 4) & 7).astype(np.int32), (code & 15).astype(np.int32)
    size = np.where(exponent == 0, (mantissa << 4) + 8, ((mantissa << 4) + 264) << np.maximum(exponent - 1, 0))
    return (np.where(code & 128, size, -size) / 32768).astype(np.float32)


HEADERLESS: Final[dict[str, Callable[[bytes], NDArray[np.float32]]]] = {
    "pcm_s16le": _scaled("<i2", 32768.0),
    "pcm_s32le": _scaled("<i4", 2147483648.0),
    "pcm_f16le": _scaled("<f2", 1.0),
    "pcm_f32le": _scaled("<f4", 1.0),
    "pcm_mulaw": _looked_up(_mulaw_table()),
    "pcm_alaw": _looked_up(_alaw_table()),
}
"""How each encoding of samples without a header is read."""
