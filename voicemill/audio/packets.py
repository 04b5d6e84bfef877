"""Decode an audio track packet by packet; a packet that cannot be decoded is reported instead of ending the file."""

import zlib
from collections.abc import Iterator, Sequence
from typing import Any, Final, NamedTuple, cast

import av
from av.audio.frame import AudioFrame
from av.audio.stream import AudioStream
from av.container import InputContainer
from av.packet import Packet

_MOST_DEMUXER_ERRORS: Final = 16
"""Consecutive failures to read a packet after which the rest of the file counts as unreadable."""


class DecodedPacket(NamedTuple):
    """One packet and its frames; none where `has_failed`. `duration` is in units of the stream's time base.

    `position` is the packet's first byte in the file where that is known, `checksum` a CRC-32 of its content.
    `is_blank` packets have only zero bytes.
    """

    frames: Sequence[AudioFrame]
    pts: int | None
    duration: int
    size_bytes: int
    position: int | None
    checksum: int
    has_failed: bool
    is_blank: bool


def decoded_packets(container: InputContainer, stream: AudioStream) -> Iterator[DecodedPacket]:
    """The packets of `stream` from the current position of `container` to the end.

    FFmpeg's errors are skipped. Raises `OSError` where the file itself cannot be read.
    """
    has_sound = False
    for packet in demuxed_packets(container, stream):
        decoded = _decoded(packet, is_kept=has_sound and packet.is_discard and _is_fragmented(stream))
        has_sound = has_sound or bool(decoded.frames)
        yield decoded


def demuxed_packets(container: InputContainer, *streams: AudioStream) -> "Iterator[Packet[Any]]":
    """The packets of `streams`, or of all streams, from the current position to the end. FFmpeg's errors are skipped.

    Raises `OSError` where the file itself cannot be read.
    """
    errors = 0
    while errors < _MOST_DEMUXER_ERRORS:
        try:
            for packet in container.demux(*streams):
                errors = 0
                yield packet
            return
        except av.error.FFmpegError:
            errors += 1


def _is_fragmented(stream: AudioStream) -> bool:
    """Whether an MP4 file lists no packets at its start. Where it does, its edit list may exclude some of them."""
    return stream.frames == 0


def _decoded(packet: "Packet[Any]", *, is_kept: bool) -> DecodedPacket:
    """Decode a packet. `is_kept` tells to decode it although FFmpeg would discard what it contains."""
    content = bytes(packet) if packet.size else b""
    frames: Sequence[AudioFrame] = ()
    has_failed = False
    try:
        frames = cast("list[AudioFrame]", (_copy(packet, content) if is_kept else packet).decode())
    except av.error.FFmpegError:
        has_failed = True
    return DecodedPacket(
        frames=frames,
        pts=packet.pts,
        duration=packet.duration or 0,
        size_bytes=len(content),
        position=packet.pos,
        checksum=zlib.crc32(content),
        has_failed=has_failed,
        is_blank=has_failed and not any(content),
    )


def _copy(packet: "Packet[Any]", content: bytes) -> "Packet[Any]":
    """The packet without its flags. FFmpeg discards fragments of MP4 whose time stamps go back, as in joined files."""
    copy: Packet[Any] = Packet(content)
    copy.stream, copy.time_base = packet.stream, packet.time_base
    copy.pts, copy.dts, copy.duration = packet.pts, packet.dts, packet.duration
    return copy
