"""Replace the sound of a video: pictures and subtitles are copied bit for bit."""

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
from numpy.typing import NDArray

from voicemill.audio.decode import UndecodableAudio, opened_container
from voicemill.audio.media_writer import ENCODERS, MUXERS
from voicemill.audio.playback import Playback
from voicemill.audio.sink import Sink
from voicemill.model.audio_formats import SourceFormat
from voicemill.model.recordings import PLAIN, Reading

_COPIED: Final = ("video", "subtitle")


def with_new_sound(
    source: Path,
    sound: Iterable[NDArray[np.float32]],
    sound_rate_hz: int,
    kept: SourceFormat,
    sink: BinaryIO,
    reading: Reading = PLAIN,
) -> None:
    """Write the video at `source` to `sink` with mono blocks in -1..1 as its only sound.

    The sound starts when playback of the video starts. Other audio tracks are left out because they have the original
    voice. Raises `UndecodableAudio`, and what `sink` raises.
    """
    origin_s = _origin_s(source, reading)
    try:
        with source.open("rb") as file, opened_container(file) as video:
            target = Sink(sink)
            muxer = MUXERS.get(kept.container, kept.container)
            with av.open(target, "w", format=muxer, options={"fflags": "+bitexact"}) as made:
                _remux(video, _frames(sound, sound_rate_hz, origin_s), kept, made, reading.track)
            target.check()
    except av.error.FFmpegError as error:
        raise UndecodableAudio(f"the video cannot be copied ({error.strerror})") from error


def _origin_s(source: Path, reading: Reading) -> float:
    """The time stamp at which playback starts."""
    with source.open("rb") as file, opened_container(file) as container:
        playback = Playback(container, reading.track)
        next(playback.frames())
        return playback.origin_s


def _remux(
    video: InputContainer, sound: Iterator[AudioFrame], kept: SourceFormat, made: OutputContainer, track: int
) -> None:
    copies = {stream.index: made.add_stream_from_template(stream) for stream in video.streams if stream.type in _COPIED}
    encoder = ENCODERS.get(kept.encoding, kept.encoding)
    target = cast(AudioStream, made.add_stream(encoder, rate=kept.sample_rate_hz, layout="mono"))
    made.metadata.update(video.metadata)
    target.metadata.update(video.streams.audio[track].metadata)
    encoded_s = 0.0
    for packet in _timed(video.demux([stream for stream in video.streams if stream.index in copies])):
        # In step with the pictures, so that the muxer buffers little.
        while _moment_s(packet) > encoded_s and (frame := next(sound, None)) is not None:
            encoded_s = float(cast(int, frame.pts) * cast(Fraction, frame.time_base))
            made.mux(target.encode(frame))
        packet.stream = copies[packet.stream.index]
        made.mux(packet)
    for frame in sound:
        made.mux(target.encode(frame))
    made.mux(target.encode(None))


def _timed(packets: "Iterable[Packet[Any]]") -> "Iterator[Packet[Any]]":
    """The packets with content. The first ones of a Matroska file may get their decoding times here."""
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


def _frames(sound: Iterable[NDArray[np.float32]], rate_hz: int, start_s: float) -> Iterator[AudioFrame]:
    position = round(start_s * rate_hz)
    for block in sound:
        if block.size:
            frame = AudioFrame.from_ndarray(np.ascontiguousarray(block, np.float32)[None, :], "flt", "mono")
            frame.sample_rate, frame.time_base, frame.pts = rate_hz, Fraction(1, rate_hz), position
            position += block.size
            yield frame
