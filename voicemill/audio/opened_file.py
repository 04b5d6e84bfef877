"""A file as FFmpeg reads it: with positions that exist, and a header that FFmpeg understands."""

import os
import re
from typing import BinaryIO, Final, NamedTuple

_HEAD_BYTES: Final = 4096
_PROBED_BYTES: Final = 1 << 20
"""FFmpeg recognizes a format by these bytes after a tag, and not at all if the tag is longer."""
TAG_HEADER_BYTES: Final = 10
"""The header of an ID3 tag; its last four bytes are the size of the rest."""
_ADTS: Final = re.compile(rb"\xff[\xf0\xf1\xf8\xf9]")
_EXTENSIBLE: Final = re.compile(
    # 32 bits for each sample, of which 24 are used, and the code of integers.
    rb"RIFF.{4}WAVE.*?fmt (?:\x28|\x2a)\0\0\0\xfe\xff.{12}\x20\0\x16\0(\x18\0).{4}\x01\0\0\0\0\0\x10\0",
    re.DOTALL,
)
_ALL_BITS: Final = b"\x20\0"


class Replacement(NamedTuple):
    """Bytes that FFmpeg reads in place of those at a position of a file."""

    position: int
    content: bytes


class OpenedFile:
    """An open file for FFmpeg, in which a position that no file can have is the end.

    A damaged file may state the size of a part so wrongly. File systems that refuse the position would end the reading.
    `other` replaces a part of the header.
    """

    def __init__(self, file: BinaryIO, other: Replacement | None) -> None:
        self._file = file
        self._replacement = other
        self.tell = file.tell

    def read(self, size_bytes: int = -1) -> bytes:
        """Read as the file does."""
        start = self._file.tell() if self._replacement else 0
        content = self._file.read(size_bytes)
        return _replaced(content, start, self._replacement) if self._replacement else content

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        """Move as the file does."""
        try:
            return self._file.seek(offset, whence)
        except (OSError, OverflowError):
            return self._file.seek(0, os.SEEK_END)


def head_of(file: BinaryIO) -> bytes:
    """The next bytes of a file, whose position does not change."""
    start = file.tell()
    head = file.read(_HEAD_BYTES)
    file.seek(start)
    return head


def replacement(head: bytes) -> Replacement | None:
    """What to replace in the header of a WAV whose samples use 24 of 32 bits; None for any other file.

    FFmpeg reads such samples in another format, in which they are 256 times as loud. The unused bits are zero.
    """
    found = _EXTENSIBLE.match(head)
    return Replacement(found.start(1), _ALL_BITS) if found else None


def is_big_endian_wav(head: bytes) -> bool:
    """Whether a file is a WAV of big-endian samples, which FFmpeg reads as little-endian ones."""
    return head.startswith(b"RIFX") and head[8:12] == b"WAVE"


def format_after_tag(file: BinaryIO, head: bytes) -> str | None:
    """FFmpeg's name of the format of a file whose ID3 tag is too long to be recognized; None for any other file."""
    header = head[:TAG_HEADER_BYTES]
    size_bytes = tag_bytes(header) if header.startswith(b"ID3") and len(header) == TAG_HEADER_BYTES else 0
    if size_bytes < _PROBED_BYTES // 2 + TAG_HEADER_BYTES:
        return None
    start = file.tell()
    file.seek(start + size_bytes)
    first = file.read(4)
    file.seek(start)
    return "flac" if first == b"fLaC" else "aac" if _ADTS.match(first) else "mp3"


def tag_bytes(header: bytes) -> int:
    """The size of an ID3 tag with its header, whose last four bytes hold seven bits each."""
    return TAG_HEADER_BYTES + sum(byte << shift for byte, shift in zip(header[-4:], (21, 14, 7, 0), strict=True))


def _replaced(content: bytes, start: int, other: Replacement) -> bytes:
    """Content that starts at `start` in the file, with the part of the replacement that lies in it."""
    place = other.position - start
    if not -len(other.content) < place < len(content):
        return content
    changed = bytearray(content)
    for index, byte in enumerate(other.content, place):
        if 0 <= index < len(changed):
            changed[index] = byte
    return bytes(changed)
