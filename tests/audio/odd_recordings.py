"""Recordings as damaged disks, joined files and careless recorders leave them, made of numbered seconds."""

import io
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from random import Random
from typing import Any, Final, NamedTuple

import av
import numpy as np
from av.packet import Packet

from tests.audio.numbered_seconds import numbered

_PICTURES_PER_S: Final = 5
_FRAME: Final = 1024
_JOINED_FROM: Final = 20
"""The number of the first second of the file that is appended in a joined recording."""
LENGTH_S: Final = 5
SHORT_TONE_S: Final = 0.5


class Kind(NamedTuple):
    """A container and a codec, by FFmpeg's names. `is_timed` containers store time stamps, so sound can be missing.

    Files of an `is_joinable` kind can be appended to each other; `picture` is the codec of a picture track. All
    channels of `layout` have the same sound.
    """

    container: str
    codec: str
    rate_hz: int
    options: tuple[tuple[str, str], ...] = ()
    muxer_options: tuple[tuple[str, str], ...] = ()
    is_timed: bool = False
    is_joinable: bool = False
    picture: str = ""
    layout: str = "mono"


_VBR: Final = (("q", "4"),)
_NO_XING: Final = (("write_xing", "0"),)
_TRIAL: Final = (("strict", "experimental"),)
FRAGMENTS: Final = (("movflags", "frag_keyframe+empty_moov+default_base_moof"), ("frag_duration", "400000"))
"""Muxer options: an MP4 file in fragments of 0.4 s, as recorders and streaming services write it."""
KINDS: Final = (
    Kind("wav", "pcm_s16le", 16000),
    Kind("wav", "pcm_s24le", 44100),
    Kind("wav", "pcm_f32le", 22050),
    Kind("wav", "pcm_mulaw", 8000),
    Kind("wav", "adpcm_ima_wav", 22050),
    Kind("wav", "adpcm_ms", 22050),
    Kind("w64", "pcm_s16le", 16000),
    Kind("aiff", "pcm_s16be", 44100),
    Kind("au", "pcm_s16be", 16000),
    Kind("caf", "pcm_s16le", 16000),
    Kind("caf", "alac", 44100),
    Kind("flac", "flac", 16000, is_joinable=True),
    Kind("wv", "wavpack", 44100),
    Kind("mp3", "libmp3lame", 44100, is_joinable=True),
    Kind("mp3", "libmp3lame", 44100, _VBR, is_joinable=True),
    Kind("mp3", "libmp3lame", 22050, _VBR, _NO_XING, is_joinable=True),
    Kind("adts", "aac", 44100, is_joinable=True),
    Kind("ac3", "ac3", 48000, is_joinable=True),
    Kind("eac3", "eac3", 48000, is_joinable=True),
    Kind("ogg", "libopus", 48000, is_joinable=True),
    Kind("ogg", "flac", 44100, is_joinable=True),
    Kind("ipod", "aac", 44100, is_timed=True),
    Kind("mov", "alac", 44100, is_timed=True),
    Kind("mov", "pcm_s16le", 16000),
    Kind("webm", "libopus", 48000, is_timed=True, is_joinable=True),
    Kind("matroska", "libmp3lame", 44100, is_timed=True, is_joinable=True),
    Kind("matroska", "pcm_s16le", 16000, is_timed=True, is_joinable=True),
    Kind("matroska", "ac3", 48000, is_timed=True, is_joinable=True),
    Kind("mpegts", "aac", 48000, is_timed=True, is_joinable=True),
    Kind("mpegts", "mp2", 48000, is_timed=True, is_joinable=True),
    Kind("mpeg", "mp2", 48000, is_joinable=True),
    Kind("flv", "aac", 44100, is_timed=True),
    Kind("asf", "wmav2", 44100, (("b", "64000"),), is_timed=True),
    Kind("mp4", "aac", 48000, is_timed=True, picture="mpeg4"),
    Kind("mov", "aac", 44100, is_timed=True, picture="mpeg4"),
    Kind("matroska", "libopus", 48000, is_timed=True, picture="mpeg4"),
    Kind("matroska", "aac", 16000, is_timed=True, picture="mpeg4"),
    Kind("matroska", "flac", 16000, is_timed=True, picture="mpeg4"),
    Kind("webm", "libopus", 48000, is_timed=True, picture="libvpx"),
    Kind("mpegts", "aac", 48000, is_timed=True, picture="mpeg2video"),
    Kind("avi", "libmp3lame", 48000, picture="mpeg4"),
    Kind("wav", "pcm_alaw", 8000),
    Kind("wav", "pcm_u8", 11025),
    Kind("wav", "pcm_s32le", 48000, layout="stereo"),
    Kind("wav", "libmp3lame", 44100),
    Kind("aiff", "pcm_s24be", 48000, layout="stereo"),
    Kind("ogg", "vorbis", 44100, _TRIAL, layout="stereo"),
    Kind("webm", "vorbis", 48000, _TRIAL, is_timed=True, picture="libvpx", layout="stereo"),
    Kind("mp2", "mp2", 44100, is_joinable=True),
    Kind("mp3", "libmp3lame", 48000, _VBR, is_joinable=True, layout="stereo"),
    Kind("amr", "libopencore_amrnb", 8000, (("b", "12200"),)),
    Kind("3gp", "libopencore_amrnb", 8000, (("b", "12200"),), is_timed=True),
    Kind("mp4", "libmp3lame", 44100, is_timed=True),
    Kind("mp4", "libopus", 48000, is_timed=True),
    Kind("mp4", "flac", 44100, is_timed=True),
    Kind("mp4", "ac3", 48000, is_timed=True, picture="mpeg4", layout="5.1"),
    Kind("ipod", "aac", 48000, (), FRAGMENTS, is_timed=True, is_joinable=True, layout="stereo"),
    Kind("mp4", "aac", 44100, (), FRAGMENTS, is_timed=True, is_joinable=True, picture="mpeg4"),
    Kind("matroska", "aac", 48000, is_timed=True, is_joinable=True, layout="5.1"),
    Kind("mpegts", "ac3", 48000, is_timed=True, is_joinable=True, layout="stereo"),
    Kind("mpegts", "libopus", 48000, is_timed=True, is_joinable=True),
    Kind("flv", "libmp3lame", 44100, is_timed=True),
    Kind("avi", "pcm_s16le", 44100, picture="mpeg4", layout="stereo"),
    Kind("asf", "wmav1", 44100, (("b", "64000"),), is_timed=True, picture="mpeg4"),
)
_RESYNCHRONIZED: Final = frozenset({"mp3", "mp2", "adts", "ac3", "eac3", "ogg", "mpegts", "mpeg", "flac"})
"""Containers in which a reader finds the next packet after bytes are missing."""


@dataclass(frozen=True)
class OddRecording:
    """A recording of numbered seconds, and how it differs from a plain one.

    The sound starts `late_s` after the picture. `holes` are the parts, in seconds of the sound, that are missing.
    `join` is the length in seconds of an appended recording, with the numbers from 20 on. The last `again` seconds are
    repeated with the same time stamps, as where parts of a stream overlap. With another `tone_s` than 1, each of these
    seconds lasts that long; only `late_s` does not change. `damage` is `noise` or `zeros` in the middle, `missing`
    bytes there, `padding` after the end, or `cut`, where the last third is missing.
    """

    kind: Kind
    late_s: float = 0.0
    holes: tuple[tuple[int, int], ...] = ()
    join: int = 0
    again: int = 0
    damage: str = ""
    seed: int = 0
    seconds: int = LENGTH_S
    tone_s: float = 1.0

    def content(self) -> bytes:
        """The file."""
        content = _muxed(self.kind, range(self.seconds), self.tone_s, self.late_s, self.holes)
        if self.again:
            before = (-1, self.seconds - self.again)  # A codec's first packet may be before second 0.
            content += _muxed(self.kind, range(self.seconds), self.tone_s, self.late_s, [*self.holes, before])
        if self.join:
            content += _muxed(self.kind, range(_JOINED_FROM, _JOINED_FROM + self.join), self.tone_s, 0.0, ())
        return _damaged(content, self.damage, Random(self.seed))

    def expected(self) -> dict[int, float]:
        """The numbers of the seconds that can be heard, each with the moment of its middle; without damage."""
        numbers = [number for number in range(self.seconds) if not any(a <= number < b for a, b in self.holes)]
        played = {number: (number + 0.5) * self.tone_s + self.late_s for number in numbers}
        end_s = played_s(self.kind, self.seconds, self.tone_s) + self.late_s
        return played | {_JOINED_FROM + place: end_s + (place + 0.5) * self.tone_s for place in range(self.join)}


def odd_recordings(numbers: range) -> Iterator[OddRecording]:
    """A random recording of short tones for each number, all kinds in turn."""
    for number in numbers:
        dice = Random(number)
        damage = dice.choice(["", "", "", "", "noise", "zeros", "padding", "cut", "missing"])
        kind = KINDS[number % len(KINDS)]
        join = dice.randint(1, 2) if kind.is_joinable and dice.random() < 0.4 else 0
        yield OddRecording(
            kind,
            late_s=dice.choice([0.0, 0.0, 0.02, 0.3, 1.75, 3.0]) if kind.picture and kind.is_timed else 0.0,
            holes=_some_holes(dice) if kind.is_timed and dice.random() < 0.5 else (),
            join=join,
            again=dice.randint(1, 2) if _may_overlap(kind, join, damage) and dice.random() < 0.5 else 0,
            damage="" if damage == "missing" and kind.container not in _RESYNCHRONIZED else damage,
            seed=dice.randrange(1 << 30),
            tone_s=SHORT_TONE_S,
        )


def _may_overlap(kind: Kind, join: int, damage: str) -> bool:
    """Whether packets may come twice: nothing shows that a damaged packet and a good one are the same."""
    keeps_times = kind.is_timed and not kind.muxer_options  # Each file of fragments starts at 0.
    return keeps_times and kind.is_joinable and not join and damage in ("", "padding")


def _some_holes(dice: Random) -> tuple[tuple[int, int], ...]:
    starts = sorted(dice.sample(range(1, LENGTH_S - 2), dice.randint(1, 2)))
    return tuple((start, start + dice.randint(1, 2)) for start in starts)


def _damaged(content: bytes, damage: str, dice: Random) -> bytes:
    middle = len(content) // 2
    size = min(3000, len(content) // 8)
    if damage == "noise":
        return content[:middle] + dice.randbytes(size) + content[middle + size :]
    if damage == "zeros":
        return content[:middle] + bytes(size) + content[middle + size :]
    if damage == "missing":
        return content[:middle] + content[middle + size :]
    if damage == "padding":
        return content + bytes(100)
    return content[: len(content) * 2 // 3] if damage == "cut" else content


class _Coded(NamedTuple):
    content: bytes
    pts: int
    dts: int
    duration: int
    time_base: Fraction
    is_keyframe: bool


@cache
def played_s(kind: Kind, seconds: int, tone_s: float = 1.0) -> float:
    """How long a recording of that many tones lasts once it is encoded and decoded, the codec's padding included."""
    with av.open(io.BytesIO(_muxed(kind, range(seconds), tone_s, 0.0, ())), "r") as file:
        return sum(frame.samples / frame.sample_rate for frame in file.decode(file.streams.audio[0]))


def _muxed(kind: Kind, numbers: Sequence[int], tone_s: float, late_s: float, holes: Sequence[tuple[int, int]]) -> bytes:
    file = io.BytesIO()
    with av.open(file, "w", format=kind.container, options=dict(kind.muxer_options)) as made:
        sound: Any = made.add_stream(kind.codec, rate=kind.rate_hz, layout=kind.layout, options=dict(kind.options))
        coded = _sound(kind, tuple(numbers), tone_s)
        tracks = [(sound, tuple(_late(one, late_s) for one in coded if not _is_in(one, holes, tone_s)))]
        if kind.picture:
            length_s = math.ceil(len(numbers) * tone_s + late_s)
            tracks.append((_picture_stream(made, kind.picture), _pictures(kind.picture, length_s)))
        made.start_encoding()
        timed = [(float(one.dts * one.time_base), stream, one) for stream, coded in tracks for one in coded]
        for _, stream, one in sorted(timed, key=lambda each: each[0]):
            made.mux(_packet(stream, one))
    return file.getvalue()


def _packet(stream: Any, coded: _Coded) -> "Packet[Any]":
    packet: Packet[Any] = Packet(coded.content)
    packet.pts, packet.dts, packet.duration, packet.time_base = coded.pts, coded.dts, coded.duration, coded.time_base
    packet.is_keyframe = coded.is_keyframe
    packet.stream = stream
    return packet


def _late(coded: _Coded, late_s: float) -> _Coded:
    ticks = round(late_s / coded.time_base)
    return coded._replace(pts=coded.pts + ticks, dts=coded.dts + ticks)


def _is_in(coded: _Coded, holes: Sequence[tuple[int, int]], tone_s: float) -> bool:
    moment = float((coded.pts + coded.duration / 2) * coded.time_base) / tone_s
    return any(start <= moment < stop for start, stop in holes)


@cache
def _sound(kind: Kind, numbers: tuple[int, ...], tone_s: float) -> tuple[_Coded, ...]:
    """Encoded once; a recording is muxed from it as often as tests want one."""
    with av.open(io.BytesIO(), "w", format=kind.container) as file:
        stream: Any = file.add_stream(kind.codec, rate=kind.rate_hz, layout=kind.layout, options=dict(kind.options))
        channels = stream.layout.nb_channels
        samples = numbered(numbers, kind.rate_hz, tone_s).repeat(channels)[None]
        packets: list[Any] = []
        for start in range(0, samples.size // channels, _FRAME):
            part = samples[:, start * channels : (start + _FRAME) * channels]
            frame = av.AudioFrame.from_ndarray(part, "flt", kind.layout)
            frame.sample_rate, frame.time_base, frame.pts = kind.rate_hz, Fraction(1, kind.rate_hz), start
            packets += stream.encode(frame)
        return _coded([*packets, *stream.encode(None)])


def _picture_stream(file: Any, codec: str) -> Any:
    stream = file.add_stream(codec, rate=_PICTURES_PER_S if codec != "mpeg2video" else 25)
    stream.width = stream.height = 32
    stream.pix_fmt = "yuv420p"
    return stream


@cache
def _pictures(codec: str, seconds: int) -> tuple[_Coded, ...]:
    with av.open(io.BytesIO(), "w", format="matroska") as file:
        stream = _picture_stream(file, codec)
        rate = int(stream.average_rate or stream.rate)
        packets: list[Any] = []
        for number in range(seconds * rate):
            image = av.VideoFrame.from_ndarray(np.full((32, 32, 3), number % 250, np.uint8), "rgb24")
            image.pts, image.time_base = number, Fraction(1, rate)
            packets += stream.encode(image)
        return _coded([*packets, *stream.encode(None)])


def _coded(packets: Sequence[Any]) -> tuple[_Coded, ...]:
    return tuple(_one_coded(packet) for packet in packets if packet.size)


def _one_coded(packet: Any) -> _Coded:
    dts = packet.pts if packet.dts is None else packet.dts
    return _Coded(bytes(packet), packet.pts, dts, packet.duration or 0, packet.time_base, bool(packet.is_keyframe))
