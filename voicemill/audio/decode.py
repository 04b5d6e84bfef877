"""Decode any audio file into blocks of mono samples at one rate, in memory that does not grow with its length."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from itertools import chain
from pathlib import Path
from typing import BinaryIO, Final

import av
import numpy as np
import soxr
from av.container import InputContainer

from voicemill.audio.blocks import Mono, mono_blocks
from voicemill.audio.opened_file import OpenedFile, format_after_tag, head_of, is_big_endian_wav, replacement
from voicemill.audio.playback import PlacedFrame, Playback
from voicemill.audio.playback import UndecodableAudio as UndecodableAudio
from voicemill.model.recordings import PLAIN, Reading

# No playlist is among these, and a file object is given instead of a path, so that a hostile file cannot make FFmpeg
# open another one.
_UPLOAD_DEMUXERS: Final = (
    "aac", "flac", "m4a", "matroska", "mov", "mp3", "mp4", "mpeg", "mpegts", "ogg", "wav", "w64", "webm",
)  # fmt: skip
_LOCAL_DEMUXERS: Final = ("ac3", "aiff", "amr", "asf", "au", "avi", "caf", "eac3", "flv", "nistsphere", "wv")


def _options(demuxers: Iterable[str]) -> dict[str, str]:
    return {"format_whitelist": ",".join(demuxers), "protocol_whitelist": "none"}


UPLOAD_OPTIONS: Final[Mapping[str, str]] = _options(_UPLOAD_DEMUXERS)
"""How uploads are opened: the API's formats (flac m4a mp3 mp4 mpeg mpga oga ogg wav webm) and their close relatives."""

OPTIONS: Final[Mapping[str, str]] = _options((*_UPLOAD_DEMUXERS, *_LOCAL_DEMUXERS))
"""How recordings are opened: formats that the API does not take are decoded here."""

_LENGTH_TOLERANCE_S: Final = 0.01


class WrongLength(UndecodableAudio):
    """A segment was decoded to another length than planned."""


@contextmanager
def opened_container(file: BinaryIO, options: Mapping[str, str] = OPTIONS) -> Iterator[InputContainer]:
    """The container in an open file. Raises `UndecodableAudio` if FFmpeg cannot read it."""
    head = head_of(file)
    if is_big_endian_wav(head):
        raise UndecodableAudio("the file is a WAV whose samples are big-endian (RIFX)")
    try:
        with av.open(
            OpenedFile(file, replacement(head)),
            "r",
            format=format_after_tag(file, head),
            options=dict(options),
            metadata_errors="replace",
        ) as container:
            yield container
    except av.error.ArgumentError as error:  # FFmpeg recognizes a format that is not in the list.
        raise UndecodableAudio("the file is not audio of a supported format") from error
    except av.error.FFmpegError as error:
        raise UndecodableAudio(f"the file is not audio that can be decoded ({error.strerror})") from error


def decode(
    source: Path | BinaryIO,
    sample_rate_hz: int,
    reading: Reading = PLAIN,
    *,
    options: Mapping[str, str] = OPTIONS,
) -> Iterator[Mono]:
    """Mono float32 blocks at `sample_rate_hz` of all that a player plays, silence in holes included.

    The container is recognized by its content, not by its name. Raises `UndecodableAudio`.
    """
    if isinstance(source, Path):
        with source.open("rb") as file:
            yield from decode(file, sample_rate_hz, reading, options=options)
        return
    with opened_container(source, options) as container:
        playback = Playback(container, reading.track)
        yield from _resampled(mono_blocks(playback.frames(), reading.channel), playback, sample_rate_hz)


def decode_all(source: Path | BinaryIO, sample_rate_hz: int, reading: Reading = PLAIN) -> Mono:
    """The whole recording at once. Raises `UndecodableAudio`."""
    return np.concatenate([np.zeros(0, np.float32), *decode(source, sample_rate_hz, reading)])


def decode_segment(
    path: Path, sample_rate_hz: int, start_s: float, stop_s: float | None, reading: Reading = PLAIN
) -> Iterator[Mono]:
    """As `decode`, from `start_s` to `stop_s`, or to the end if that is None.

    Decoding starts at the last mark before the segment, or else at the start of the file. The blocks end early if the
    recording does. Raises `UndecodableAudio`.
    """
    with path.open("rb") as file:
        with opened_container(file) as container:
            playback = Playback(container, reading.track)
            frames = _frames_before(playback, reading, start_s)
            if frames is not None:
                blocks = _between(frames, playback, playback.position, reading.channel, start_s, stop_s)
                yield from _resampled(blocks, playback, sample_rate_hz)
                return
        file.seek(0)
        with opened_container(file) as container:
            playback = Playback(container, reading.track)
            blocks = _between(playback.frames(), playback, 0, reading.channel, start_s, stop_s)
            yield from _resampled(blocks, playback, sample_rate_hz)


def decode_near(path: Path, sample_rate_hz: int, start_s: float, stop_s: float, reading: Reading) -> Iterator[Mono]:
    """As `decode_segment`, but faster and less precise: a container's own seek may miss the start by a millisecond.

    Earlier versions chose the edges of gaps by these samples; the edges are part of keys. Raises `UndecodableAudio`.
    """
    if not reading.is_plain:
        yield from decode_segment(path, sample_rate_hz, start_s, stop_s, reading)
        return
    with path.open("rb") as file, opened_container(file) as container:
        playback = Playback(container, reading.track)
        frames = playback.frames_near(start_s)
        first = next(frames, None)
        if first is not None:
            position = playback.position - first.frame.samples
            blocks = _between(chain([first], frames), playback, position, reading.channel, start_s, stop_s)
            yield from _resampled(blocks, playback, sample_rate_hz)


def frames_between(start_s: float, stop_s: float, sample_rate_hz: int) -> int:
    """The number of samples from one moment to another. Those of adjacent segments add up to that of the whole."""
    return max(0, round(stop_s * sample_rate_hz) - round(start_s * sample_rate_hz))


def check_length(samples: int, sample_rate_hz: int, reading: Reading) -> None:
    """Raise `WrongLength` if a whole recording was decoded to another length than when it was inspected."""
    if not reading.samples:
        return
    planned_s = reading.samples / reading.sample_rate_hz
    if abs(samples / sample_rate_hz - planned_s) > _LENGTH_TOLERANCE_S:
        raise WrongLength(f"it is {samples / sample_rate_hz:.3f} s long instead of {planned_s:.3f} s")


def of_length(blocks: Iterable[Mono], samples: int, sample_rate_hz: int) -> Iterator[Mono]:
    """`blocks` as exactly `samples` samples; resampling makes a few more or fewer.

    Raises `WrongLength` if more than 10 ms are missing or left over.
    """
    found = 0
    for block in blocks:
        if found < samples:
            yield block[: samples - found]
        found += block.size
    if abs(found - samples) > _LENGTH_TOLERANCE_S * sample_rate_hz:
        lengths = f"{found / sample_rate_hz:.3f} s instead of {samples / sample_rate_hz:.3f} s"
        raise WrongLength(f"a segment of it decodes to {lengths}")
    if found < samples:
        yield np.zeros(samples - found, np.float32)


def _frames_before(playback: Playback, reading: Reading, start_s: float) -> Iterator[PlacedFrame] | None:
    """The frames from a mark before `start_s` on, or None if the track has to be read from its start."""
    if not reading.samples:
        return playback.frames_from_sample(start_s)
    mark = reading.mark_before(round(start_s * reading.sample_rate_hz))
    return playback.frames_from(mark, reading.sample_rate_hz) if mark else None


def _between(
    frames: Iterable[PlacedFrame],
    playback: Playback,
    position: int,
    channel: int | None,
    start_s: float,
    stop_s: float | None,
) -> Iterator[Mono]:
    """The samples of a segment, at the rate of the recording, from frames that start at `position`."""
    for block in mono_blocks(frames, channel):
        first = max(0, round(start_s * playback.sample_rate_hz) - position)
        last = block.size if stop_s is None else round(stop_s * playback.sample_rate_hz) - position
        position += block.size
        if last <= 0:
            return
        if first < min(last, block.size):
            yield block[first:last]


def _resampled(blocks: Iterator[Mono], playback: Playback, to_hz: int) -> Iterator[Mono]:
    stream: soxr.ResampleStream | None = None
    for block in blocks:
        stream = stream or soxr.ResampleStream(playback.sample_rate_hz, to_hz, 1, dtype="float32")
        resampled = stream.resample_chunk(np.ascontiguousarray(block))
        if resampled.size:
            yield resampled
    if stream is not None:
        yield stream.resample_chunk(np.zeros(0, np.float32), last=True)


def decode_headerless(
    source: Path, encoding: str, from_hz: int, to_hz: int, block_bytes: int = 1 << 18
) -> Iterator[Mono]:
    """Mono float32 blocks at `to_hz` of a file of samples without a header. `encoding` is one of `HEADERLESS`.

    Raises `UndecodableAudio` if there is not one whole sample.
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
        raise UndecodableAudio("the file has no audio")
    yield stream.resample_chunk(np.zeros(0, np.float32), last=True)


def _scaled(dtype: str, full_scale: float) -> Callable[[bytes], Mono]:
    def read(content: bytes) -> Mono:
        whole = len(content) // np.dtype(dtype).itemsize * np.dtype(dtype).itemsize
        return (np.frombuffer(content[:whole], dtype) / full_scale).astype(np.float32)

    return read


def _looked_up(table: Mono) -> Callable[[bytes], Mono]:
    return lambda content: table[np.frombuffer(content, np.uint8)]


def _mulaw_table() -> Mono:
    """ITU-T G.711, mu-law."""
    code = ~np.arange(256, dtype=np.uint8)
    exponent, mantissa = (code >> 4) & 7, (code & 15).astype(np.int32)
    size = (((mantissa << 3) + 132) << exponent) - 132
    return (np.where(code & 128, -size, size) / 32768).astype(np.float32)


def _alaw_table() -> Mono:
    """ITU-T G.711, A-law."""
    code = np.arange(256, dtype=np.uint8) ^ 0x55
    exponent, mantissa = ((code >> 4) & 7).astype(np.int32), (code & 15).astype(np.int32)
    size = np.where(exponent == 0, (mantissa << 4) + 8, ((mantissa << 4) + 264) << np.maximum(exponent - 1, 0))
    return (np.where(code & 128, size, -size) / 32768).astype(np.float32)


HEADERLESS: Final[dict[str, Callable[[bytes], Mono]]] = {
    "pcm_s16le": _scaled("<i2", 32768.0),
    "pcm_s32le": _scaled("<i4", 2147483648.0),
    "pcm_f16le": _scaled("<f2", 1.0),
    "pcm_f32le": _scaled("<f4", 1.0),
    "pcm_mulaw": _looked_up(_mulaw_table()),
    "pcm_alaw": _looked_up(_alaw_table()),
}
"""The decoder of each encoding of samples without a header."""
