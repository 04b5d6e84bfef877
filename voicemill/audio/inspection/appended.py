"""Sound that a file holds and FFmpeg does not read: a second file after the first, or samples after a short header."""

import os
import re
import struct
from collections.abc import Iterator
from typing import BinaryIO, Final

from voicemill.audio.inspection.file_starts import next_file, starts
from voicemill.audio.inspection.wav_chunks import is_sound_after_end, wav_chunks

_NEXT_PART: Final = {"ogg": re.compile(rb"OggS\0[\x02\x06]"), "wv": re.compile(rb"wvpk")}
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


def appended_bytes(file: BinaryIO, container: str, last_packet: range, *, is_only_stream: bool) -> int:
    """How many bytes with sound follow what FFmpeg reads.

    `last_packet` is where the last packet of the track is; it is empty where the container does not tell positions.
    """
    end = os.fstat(file.fileno()).st_size
    found = [
        start for start in _starts_of_files(file, container, last_packet, end) if _holds(file, start, _LEAST_BYTES)
    ]
    if container in _WITHOUT_INDEX and is_only_stream and _holds(file, last_packet.stop, _LEAST_BYTES_OF_PACKETS):
        found.append(last_packet.stop)
    return end - min(found, default=end)


def _starts_of_files(file: BinaryIO, container: str, last_packet: range, end: int) -> Iterator[int]:
    """Where other files or parts begin, each a candidate."""
    if container == "wav":
        yield _after_samples(file, end)
    elif container == "au":
        yield _after_au(file, end)
    if last_packet:
        # The last packet of a FLAC file includes what follows it.
        yield next_file(file, last_packet.start if container == "flac" else last_packet.stop, end)
        if container in _NEXT_PART:
            yield next(starts(file, _NEXT_PART[container], last_packet.stop), end)


def _after_au(file: BinaryIO, end: int) -> int:
    """Where another file begins after the samples of an AU file. FFmpeg takes it for samples, as it should more AU."""
    file.seek(0)
    _, offset, size_bytes = _AU_HEADER.unpack(file.read(_AU_HEADER.size))
    start = next_file(file, offset + size_bytes, end)
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
