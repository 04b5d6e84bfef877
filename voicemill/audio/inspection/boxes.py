"""The boxes of an MP4 file: where one of them is damaged, FFmpeg ignores all that follow."""

import os
import struct
from typing import BinaryIO, Final

_HEADER_BYTES: Final = 8
_LONG_SIZE_BYTES: Final = 8


def has_broken_boxes(file: BinaryIO) -> bool:
    """Whether a file that starts as MP4 has a box that cannot be one, or that ends after the file.

    Zero bytes after the last box are padding.
    """
    end = os.fstat(file.fileno()).st_size
    position = 0
    while position + _HEADER_BYTES <= end:
        file.seek(position)
        size, kind = struct.unpack(">I4s", file.read(_HEADER_BYTES))
        if position == 0 and kind != b"ftyp":
            return False
        if size == 0:  # The last box, which lasts to the end of the file.
            return False
        if size == 1:
            (size,) = struct.unpack(">Q", file.read(_LONG_SIZE_BYTES).ljust(_LONG_SIZE_BYTES, b"\0"))
        if size < _HEADER_BYTES or not kind.isascii() or not kind.isalnum() or position + size > end:
            return True
        position += size
    return False
