"""The chunks of a file in Apple's Core Audio Format (CAF)."""

import struct
from typing import BinaryIO, Final

_FILE_HEADER_BYTES: Final = 8
_CHUNK_HEADER: Final = struct.Struct(">4sq")
_MOST_CHUNKS: Final = 1000
_UNKNOWN: Final = -1
"""The size of a last chunk that lasts to the end of the file."""


def lasts_to_the_end(file: BinaryIO) -> bool:
    """Whether a file is CAF and does not state the size of its samples. FFmpeg takes its end for damage."""
    file.seek(0)
    if not file.read(_FILE_HEADER_BYTES).startswith(b"caff"):
        return False
    for _ in range(_MOST_CHUNKS):
        header = file.read(_CHUNK_HEADER.size)
        if len(header) < _CHUNK_HEADER.size:
            return False
        kind, size_bytes = _CHUNK_HEADER.unpack(header)
        if kind == b"data" or size_bytes < 0:
            return bool(kind == b"data" and size_bytes == _UNKNOWN)
        file.seek(size_bytes, 1)
    return False
