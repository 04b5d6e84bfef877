"""The boxes of an MP4 file: where one of them is damaged, FFmpeg ignores all that follow."""

import os
import struct
from collections import Counter
from collections.abc import Iterator
from itertools import pairwise
from typing import BinaryIO, Final, NamedTuple

_HEADER_BYTES: Final = 8
_LONG_SIZE_BYTES: Final = 8
_MFHD: Final = struct.Struct(">4x4s4xI")


class Box(NamedTuple):
    """A box: its four letters, the position of its header, and its size as stated, header included."""

    kind: bytes
    start: int
    size_bytes: int

    def is_valid(self, end: int) -> bool:
        """Whether this can be a box of a file that ends at `end`."""
        is_named = self.kind.isascii() and self.kind.isalnum()
        return is_named and self.size_bytes >= _HEADER_BYTES and self.start + self.size_bytes <= end


def has_broken_boxes(file: BinaryIO) -> bool:
    """Whether a file that starts as MP4 has a box that cannot be one, or that ends after the file."""
    end = os.fstat(file.fileno()).st_size
    return any(not box.is_valid(end) for box in boxes(file))


def has_missing_fragments(file: BinaryIO) -> bool:
    """Whether the numbers of an MP4 file's fragments, which count by one, leave one out: its sound is not there."""
    numbers = [_fragment_number(file, box) for box in boxes(file) if box.kind == b"moof"]
    steps = Counter(after - before for before, after in pairwise(numbers))
    return bool(steps) and steps.most_common(1)[0][0] == 1 and max(steps) > 1


def _fragment_number(file: BinaryIO, box: Box) -> int:
    """The number in the box mfhd, which is the first in a moof; 0 if it is not."""
    file.seek(box.start + _HEADER_BYTES)
    kind, number = _MFHD.unpack(file.read(_MFHD.size).ljust(_MFHD.size, b"\0"))
    return int(number) if kind == b"mfhd" else 0


def boxes(file: BinaryIO) -> Iterator[Box]:
    """The boxes of an MP4 file in order, up to an invalid one; none of another file.

    A box that lasts to the end of the file is left out, and so are zero bytes after the last box.
    """
    end = os.fstat(file.fileno()).st_size
    position = 0
    while position + _HEADER_BYTES <= end:
        file.seek(position)
        size_bytes, kind = struct.unpack(">I4s", file.read(_HEADER_BYTES))
        if (position == 0 and kind != b"ftyp") or size_bytes == 0:
            return
        if size_bytes == 1:
            (size_bytes,) = struct.unpack(">Q", file.read(_LONG_SIZE_BYTES).ljust(_LONG_SIZE_BYTES, b"\0"))
        box = Box(kind, position, size_bytes)
        yield box
        if not box.is_valid(end):
            return
        position += size_bytes
