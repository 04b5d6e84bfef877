"""The chunks of a WAV, whatever its encoding is."""

import re
import struct
from collections.abc import Iterator
from typing import BinaryIO, Final, NamedTuple

from voicemill.audio.wav_header import states_no_size

_HEADER_BYTES: Final = 8
_FIRST_CHUNK: Final = 12
_START: Final = re.compile(rb"(RIFF|RF64|BW64).{4}WAVE", re.DOTALL)
_IS_LONG: Final = 0xFFFFFFFF
"""The size of samples whose size is in the chunk ds64, for files of 4 GiB and more."""
_NAME: Final = re.compile(rb"[A-Za-z_][\w ]{3}", re.ASCII)
_SOUND: Final = frozenset({b"RIFF", b"RF64", b"BW64", b"data"})
_LONG_SIZES: Final = struct.Struct("<QQ")
_METADATA: Final = frozenset({b"LIST", b"id3 ", b"ID3 ", b"bext", b"iXML", b"axml", b"_PMX", b"cue ", b"PAD ", b"JUNK"})
"""Chunks that writers put after the samples, also if a copy of the file was cut off in one of them."""


class Chunk(NamedTuple):
    """A chunk: its four letters, the position of its header, and the size of its content as stated."""

    kind: bytes
    start: int
    size_bytes: int

    @property
    def stop(self) -> int:
        """The position after its content."""
        return self.start + _HEADER_BYTES + self.size_bytes

    @property
    def has_unknown_size(self) -> bool:
        """Whether the writer could not seek back to state the size."""
        return states_no_size(self.size_bytes)


def wav_chunks(file: BinaryIO) -> Iterator[Chunk]:
    """The chunks of a WAV in order, up to one that ends after the file; none of another file."""
    file.seek(0)
    if not _START.match(file.read(_FIRST_CHUNK)):
        return
    position = _FIRST_CHUNK
    data_bytes = 0
    while len(header := _at(file, position)) == _HEADER_BYTES:
        if position % 2 == 0 and not _NAME.match(header) and _NAME.match(before := _at(file, position - 1)):
            position, header = position - 1, before  # Some writers add no byte after a chunk of odd size.
        kind, size_bytes = struct.unpack("<4sI", header)
        if kind == b"ds64":
            _, data_bytes = _LONG_SIZES.unpack(file.read(_LONG_SIZES.size).ljust(_LONG_SIZES.size, b"\0"))
        elif kind == b"data" and size_bytes == _IS_LONG:
            size_bytes = data_bytes or size_bytes
        chunk = Chunk(kind, position, size_bytes)
        yield chunk
        position = chunk.stop + size_bytes % 2


def states_no_length(file: BinaryIO) -> bool:
    """Whether a file is a WAV that was written as a stream, without its length. FFmpeg takes its end for damage."""
    return any(chunk.kind == b"data" and chunk.has_unknown_size for chunk in wav_chunks(file))


def is_sound_after_end(chunk: Chunk, end: int) -> bool:
    """Whether a chunk after the samples is another file, or samples that the header does not count."""
    is_chunk = _NAME.match(chunk.kind) is not None and chunk.stop <= end
    return chunk.kind in _SOUND or not (is_chunk or chunk.kind in _METADATA)


def _at(file: BinaryIO, position: int) -> bytes:
    file.seek(position)
    return file.read(_HEADER_BYTES)
