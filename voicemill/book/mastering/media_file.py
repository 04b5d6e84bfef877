"""Write mastered audio with tags, cover and chapter marks: MP3, M4A and M4B. The same input gives the same bytes."""

import io
from collections.abc import Iterable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Any, BinaryIO, Final, NamedTuple

import av
from av.audio.frame import AudioFrame
from av.container import InputContainer, OutputContainer
from av.packet import Packet
from av.stream import Disposition

from voicemill.audio.blocks import Mono
from voicemill.audio.sink import Sink
from voicemill.book.mastering.filters import rechunked
from voicemill.errors import ConfigError

if TYPE_CHECKING:
    from av.container.core import Chapter


class Mark(NamedTuple):
    """A chapter mark: its title, and its first and end sample."""

    title: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Codec:
    """How a file is encoded. `ceiling_db` leaves space for the peaks that the encoder adds."""

    encoder: str
    muxer: str
    extension: str
    media_type: str
    bit_rate_bps: int
    ceiling_db: float
    options: tuple[tuple[str, str], ...] = ()


# The ID3 tags of version 2.3 are those that most players read. Without the time scale, chapters of M4B are rounded to
# milliseconds.
_ID3: Final = (("id3v2_version", "3"),)
_MP4: Final = (("movie_timescale", "44100"),)

MP3: Final = Codec("libmp3lame", "mp3", ".mp3", "audio/mpeg", 192_000, -3.8, _ID3)
M4B: Final = Codec("aac", "mp4", ".m4b", "audio/mp4", 96_000, -4.5, (*_MP4, ("brand", "M4B ")))
M4A: Final = Codec("aac", "mp4", ".m4a", "audio/mp4", 64_000, -5.0, (*_MP4, ("brand", "M4A ")))

_REPEATABLE: Final = {"fflags": "+bitexact"}
_COVER_CODECS: Final = {"mjpeg": "image/jpeg", "png": "image/png"}


@dataclass(frozen=True, slots=True)
class Cover:
    """A cover picture: the bytes of a JPEG or PNG file, its media type and its size in pixels."""

    content: bytes
    media_type: str
    width: int
    height: int

    @property
    def extension(self) -> str:
        """The file name extension with its dot."""
        return ".jpg" if self.media_type == "image/jpeg" else ".png"


def read_cover(content: bytes, name: str) -> Cover:
    """Check a cover picture. Raises `ConfigError` if it is not a JPEG or PNG file."""
    try:
        with _opened_picture(content) as picture:
            stream = picture.streams.video[0]
            codec = stream.codec_context.name
            frame = next(picture.decode(video=0))
    except (av.error.FFmpegError, IndexError, StopIteration):
        codec = ""
    if codec not in _COVER_CODECS:
        raise ConfigError(f"the cover {name} is not a JPEG or PNG picture; choose another one with --cover")
    return Cover(content, _COVER_CODECS[codec], frame.width, frame.height)


def _opened_picture(content: bytes) -> InputContainer:
    demuxers = {"format_whitelist": "jpeg_pipe,png_pipe,image2", "protocol_whitelist": "none"}
    return av.open(io.BytesIO(content), "r", options=demuxers)


def write_media(
    target: BinaryIO,
    codec: Codec,
    blocks: Iterable[Mono],
    sample_rate_hz: int,
    *,
    tags: Mapping[str, str],
    marks: Sequence[Mark] = (),
    cover: Cover | None = None,
) -> None:
    """Encode mono samples to `target`, a seekable binary file that stays open. Raises `OSError`."""
    sink = Sink(target)
    options = {**_REPEATABLE, **dict(codec.options)}
    output = av.open(sink, "w", format=codec.muxer, options=options)
    try:
        _encode(output, sink, codec, blocks, sample_rate_hz, tags, marks, cover)
    except BaseException:
        sink.drop()
        output.close()
        raise
    output.close()
    sink.check()


def _encode(
    output: OutputContainer,
    sink: Sink,
    codec: Codec,
    blocks: Iterable[Mono],
    sample_rate_hz: int,
    tags: Mapping[str, str],
    marks: Sequence[Mark],
    cover: Cover | None,
) -> None:
    stream: Any = output.add_stream(codec.encoder, rate=sample_rate_hz, layout="mono")
    stream.bit_rate = codec.bit_rate_bps
    output.metadata.update({name: value for name, value in tags.items() if value})
    output.set_chapters([_chapter(number, mark, sample_rate_hz) for number, mark in enumerate(marks)])
    with ExitStack() as opened:
        pictures = _add_cover(output, cover, opened) if cover else []
        output.start_encoding()
        output.mux(pictures)
        for frame in _frames(blocks, sample_rate_hz):
            output.mux(stream.encode(frame))
            sink.check()
        output.mux(stream.encode(None))


def _chapter(number: int, mark: Mark, sample_rate_hz: int) -> "Chapter":
    return {
        "id": number,
        "start": mark.start,
        "end": mark.end,
        "time_base": Fraction(1, sample_rate_hz),
        "metadata": {"title": mark.title},
    }


def _add_cover(output: OutputContainer, cover: Cover, opened: ExitStack) -> "list[Packet[Any]]":
    picture = opened.enter_context(_opened_picture(cover.content))
    stream = output.add_stream_from_template(picture.streams.video[0])
    stream.disposition = Disposition.attached_pic
    stream.metadata["comment"] = "Cover (front)"
    packets = [packet for packet in picture.demux(video=0) if packet.size]
    for packet in packets:
        packet.stream = stream
    return packets


def _frames(blocks: Iterable[Mono], sample_rate_hz: int) -> Iterable[AudioFrame]:
    position = 0
    for block in rechunked(blocks):
        frame = AudioFrame.from_ndarray(block.reshape(1, -1), "fltp", "mono")
        frame.sample_rate = sample_rate_hz
        frame.time_base = Fraction(1, sample_rate_hz)
        frame.pts = position
        position += block.size
        yield frame
