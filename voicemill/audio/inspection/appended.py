"""Sound that a file holds and FFmpeg does not read: a second file after the first, or samples after a short header."""

import io
import os
import re
import struct
from collections.abc import Iterator
from typing import BinaryIO, Final, NamedTuple, cast

from av.audio.codeccontext import AudioCodecContext

from voicemill.audio.decode import UndecodableAudio, opened_container
from voicemill.audio.inspection.file_starts import STARTS, next_file, next_stream, starts
from voicemill.audio.inspection.wav_chunks import is_sound_after_end, wav_chunks
from voicemill.audio.packets import demuxed_packets

_NEXT_PART: Final = {"ogg": re.compile(STARTS["ogg"]), "wv": re.compile(rb"wvpk")}
"""What the next part of a file begins with, for containers of which FFmpeg may read one part only."""
_WITHOUT_INDEX: Final = frozenset({"mpeg", "mpegts"})
"""Containers of packets only. Others may have an index or tags after the last packet."""
_AU: Final = b".snd"
_AU_HEADER: Final = struct.Struct(">4sII")
_BLOCK_BYTES: Final = 1 << 20
_LEAST_BYTES: Final = 1024
"""Fewer bytes after the end are not a file, and less than a tenth of a second of samples."""
_LEAST_BYTES_OF_PACKETS: Final = 8192
"""A broadcast may end with its tables and the start of a packet."""
_PROBED_BYTES: Final = 4 << 20
_LAYERS: Final = re.compile(r"mp[123](?:float)?$")
"""The names of the decoders of MPEG audio, which FFmpeg takes for each other where it reads little of a track."""


class ReadPart(NamedTuple):
    """What was read of a file: its last packet of the track, and whether the file has no other streams.

    `last_packet` is empty where the container does not tell positions.
    """

    last_packet: range
    is_only_stream: bool


def appended_bytes(file: BinaryIO, container: str, read: ReadPart) -> int:
    """How many bytes with sound follow what FFmpeg reads."""
    end = os.fstat(file.fileno()).st_size
    found = [start for start in _starts_of_files(file, container, read, end) if _holds(file, start, _LEAST_BYTES)]
    if container in _WITHOUT_INDEX and _has_later_tracks(file, read, end):
        found.append(read.last_packet.stop)
    return end - min(found, default=end)


def _has_later_tracks(file: BinaryIO, read: ReadPart, end: int) -> bool:
    """Whether audio tracks of a broadcast start after the track has ended."""
    stop = read.last_packet.stop
    if not _holds(file, stop, _LEAST_BYTES_OF_PACKETS):
        return False
    return read.is_only_stream or not _tracks_in(file, range(stop, end)) <= _tracks_in(file, range(stop))


def _tracks_in(file: BinaryIO, part: range) -> frozenset[tuple[int, str]]:
    """The audio tracks at the start of a part of a broadcast, each with its id and its codec."""
    file.seek(part.start)
    try:
        with opened_container(io.BytesIO(file.read(min(len(part), _PROBED_BYTES)))) as container:
            tracks = container.streams.audio
            contexts = [(track.id, cast("AudioCodecContext | None", track.codec_context)) for track in tracks]
            known = [(number, context.name) for number, context in contexts if context and context.sample_rate]
            return frozenset((number, _LAYERS.sub("mpeg", name)) for number, name in known)
    except UndecodableAudio:
        return frozenset()


def _starts_of_files(file: BinaryIO, container: str, read: ReadPart, end: int) -> Iterator[int]:
    """Where other files or parts begin, each a candidate."""
    last_packet = read.last_packet
    if container == "wav":
        yield _after_samples(file, end)
    elif container == "au":
        yield _after_au(file, end)
    if last_packet:
        # The last packet of a FLAC file includes what follows it.
        after = last_packet.start if container == "flac" else last_packet.stop
        yield next_file(file, after, end)
        yield _next_stream(file, after, end, container, read)
        if container in _NEXT_PART:
            yield next(starts(file, _NEXT_PART[container], last_packet.stop), end)


def _next_stream(file: BinaryIO, after: int, end: int, container: str, read: ReadPart) -> int:
    """Where a stream of packets begins that belongs to no track of the file."""
    besides = container if container in _WITHOUT_INDEX else ""
    start = next_stream(file, after, end, besides)
    if start == end or read.is_only_stream:
        return start
    return next_stream(file, max(start, _end_of_packets(file)), end, besides)


def _end_of_packets(file: BinaryIO) -> int:
    """Where the last packet of all streams of a file ends."""
    file.seek(0)
    with opened_container(file) as container:
        packets = demuxed_packets(container)
        return max((packet.pos + packet.size for packet in packets if packet.pos is not None), default=0)


def _after_au(file: BinaryIO, end: int) -> int:
    """Where another file begins after the samples of an AU file. FFmpeg takes it for samples, as it should more AU."""
    file.seek(0)
    _, offset, size_bytes = _AU_HEADER.unpack(file.read(_AU_HEADER.size))
    start = min(next_file(file, offset + size_bytes, end), next_stream(file, offset + size_bytes, end))
    file.seek(start)
    return end if file.read(len(_AU)) == _AU else start


def _holds(file: BinaryIO, start: int, least_bytes: int) -> bool:
    """Whether at least that many bytes from `start` on are more than filling."""
    file.seek(start)
    return len(file.read(_BLOCK_BYTES).translate(None, b"\0\xff")) >= least_bytes


def _after_samples(file: BinaryIO, end: int) -> int:
    """Where bytes begin that follow the samples of a WAV and are not its other chunks; `end` for none."""
    chunks = wav_chunks(file)
    samples = next((chunk for chunk in chunks if chunk.kind == b"data"), None)
    if samples is None or samples.has_unknown_size:
        return end
    return next((chunk.start for chunk in chunks if is_sound_after_end(chunk, end)), end)
