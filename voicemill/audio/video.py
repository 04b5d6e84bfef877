"""A film with new sound: its picture copied bit for bit, and whatever else is in it but sound."""

from collections.abc import Iterable, Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any, BinaryIO, Final, cast

import av
import numpy as np
from av.audio.frame import AudioFrame
from av.audio.stream import AudioStream
from av.container import InputContainer, OutputContainer
from av.packet import Packet
from av.stream import Stream
from numpy.typing import NDArray

from voicemill.audio.decode import OPTIONS, UndecodableAudio
from voicemill.audio.formats import KeptFormat
from voicemill.audio.media_writer import ENCODERS, MUXERS
from voicemill.audio.sink import Sink

_COPIED: Final = ("video", "subtitle")


def with_new_sound(
    source: Path, sound: Iterable[NDArray[np.float32]], sound_rate_hz: int, kept: KeptFormat, sink: BinaryIO
) -> None:
    """Write the film at `source` to `sink` with mono blocks in -1..1 in place of its first sound track.

    The sound begins when the old one began. Further sound tracks are left out, for they hold the old voice. Raises
    `UndecodableAudio`, and what `sink` raises.
    """
    try:
        with source.open("rb") as file, av.open(file, "r", options=OPTIONS) as film:
            muxer = MUXERS.get(kept.container, kept.container)
            target = Sink(sink)
            with av.open(target, "w", format=muxer, options={"fflags": "+bitexact"}) as made:
                _remux(film, _frames(sound, sound_rate_hz, _start_s(film.streams.audio[0])), kept, made)
            target.check()
    except av.error.FFmpegError as error:
        raise UndecodableAudio(f"the film cannot be copied ({error.strerror})") from error


def _remux(film: InputContainer, sound: Iterator[AudioFrame], kept: KeptFormat, made: OutputContainer) -> None:
    copies = {stream.index: made.add_stream_from_template(stream) for stream in film.streams if stream.type in _COPIED}
    track = cast(
        AudioStream,
        made.add_stream(ENCODERS.get(kept.encoding, kept.encoding), rate=kept.sample_rate_hz, layout="mono"),
    )
    made.metadata.update(film.metadata)
    track.metadata.update(film.streams.audio[0].metadata)
    said_s = 0.0
    for packet in _timed(film.demux([stream for stream in film.streams if stream.index in copies])):
        # In step, so that the muxer holds little back.
        while _moment_s(packet) > said_s and (frame := next(sound, None)) is not None:
            said_s = float(cast(int, frame.pts) * cast(Fraction, frame.time_base))
            made.mux(track.encode(frame))
        packet.stream = copies[packet.stream.index]
        made.mux(packet)
    for frame in sound:
        made.mux(track.encode(frame))
    made.mux(track.encode(None))


def _timed(packets: "Iterable[Packet[Any]]") -> "Iterator[Packet[Any]]":
    """The packets that hold something; where Matroska does not tell when the first are to be decoded: just before."""
    waiting: dict[int, list[Packet[Any]]] = {}
    for packet in packets:
        if not packet.size:
            continue
        early = waiting.setdefault(packet.stream.index, [])
        if packet.dts is None:
            early.append(packet)
            continue
        for before, untimed in zip(range(len(early), 0, -1), early, strict=True):
            untimed.dts = packet.dts - before * max(1, packet.duration or 0)
        yield from early
        early.clear()
        yield packet
    for early in waiting.values():
        yield from early


def _moment_s(packet: "Packet[Any]") -> float:
    moment = packet.dts if packet.dts is not None else packet.pts or 0
    return float(moment * (packet.time_base or 0))


def _start_s(stream: Stream) -> float:
    return float((stream.start_time or 0) * (stream.time_base or 0))


def _frames(sound: Iterable[NDArray[np.float32]], rate_hz: int, start_s: float) -> Iterator[AudioFrame]:
    position = round(start_s * rate_hz)
    for block in sound:
        if block.size:
            frame = AudioFrame.from_ndarray(np.ascontiguousarray(block, np.float32)[None, :], "flt", "mono")
            frame.sample_rate, frame.time_base, frame.pts = rate_hz, Fraction(1, rate_hz), position
            position += block.size
            yield frame
