"""How the files of each container begin."""

import re
from collections.abc import Iterator
from typing import BinaryIO, Final

_ANY: Final = re.compile(
    rb"(?:RIFF|RF64).{4}(?:WAVE|AVI )|FORM.{4}AIF[FC]|riff\x2e\x91\xcf\x11|\.snd\0\0\0.|#!AMR[-\n]"
    rb"|fLaC\0\0\0\x22|OggS\0\x02|wvpk.{4}[\x02-\x10]\x04|caff\0\x01\0\0desc|FLV\x01[\x01\x04\x05]\0\0\0\x09"
    rb"|\x1aE\xdf\xa3.{1,40}?(?:webm|matroska)|\x30\x26\xb2\x75\x8e\x66\xcf\x11|\0.{3}ftyp[\w ]{4}"
    rb"|\0\0\x01\xba.{10}\0\0\x01\xbb|(?:\x47.{187}){4}\x47|ID3[\x02-\x04]",
    re.DOTALL,
)
_ID3: Final = b"ID3"
_ID3_HEADER_BYTES: Final = 10
_OVERLAP_BYTES: Final = 1 << 10
"""More than the longest start."""
_BLOCK_BYTES: Final = 1 << 20


def next_file(file: BinaryIO, position: int, end: int) -> int:
    """The position of the first file of any container that starts at `position` or later; `end` if there is none."""
    for start in starts(file, _ANY, position):
        file.seek(start)
        if file.read(len(_ID3)) != _ID3 or _is_mp3(file, start):
            return start
    return end


def starts(file: BinaryIO, pattern: re.Pattern[bytes], position: int) -> Iterator[int]:
    """The positions at which `pattern` matches, from `position` on."""
    kept = b""
    while True:
        file.seek(position)
        if not (block := file.read(_BLOCK_BYTES)):
            return
        first = position - len(kept)
        content = kept + block
        whole = len(content) - (_OVERLAP_BYTES if len(block) == _BLOCK_BYTES else 0)
        for found in pattern.finditer(content):
            if found.start() < whole:
                yield first + found.start()
        position += len(block)
        kept = content[whole:]


def _is_mp3(file: BinaryIO, start: int) -> bool:
    """Whether MP3 follows the ID3 tag at `start`. A tag may also stand alone, at the end of a file."""
    file.seek(start)
    header = file.read(_ID3_HEADER_BYTES)
    if len(header) < _ID3_HEADER_BYTES or any(byte > 0x7F for byte in header[6:]):
        return False
    size_bytes = sum(byte << shift for byte, shift in zip(header[6:], (21, 14, 7, 0), strict=True))
    file.seek(start + _ID3_HEADER_BYTES + size_bytes)
    sync = file.read(2)
    return len(sync) == 2 and sync[0] == 0xFF and sync[1] >= 0xE0
