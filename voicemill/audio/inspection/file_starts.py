"""How the files of each container begin."""

import re
from collections.abc import Iterator
from typing import BinaryIO, Final

from voicemill.audio.inspection import raw_frames
from voicemill.audio.opened_file import TAG_HEADER_BYTES, tag_bytes

STARTS: Final = {
    "wav": rb"(?:RIFF|RF64|BW64).{4}WAVE",
    "avi": rb"RIFF.{4}AVI LIST",
    "aiff": rb"FORM.{4}AIF[FC]",
    "w64": rb"riff\x2e\x91\xcf\x11",
    "au": rb"\.snd\0\0\0.",
    "amr": rb"#!AMR[-\n]",
    "flac": rb"fLaC\0\0\0\x22",
    "ogg": rb"OggS\0[\x02\x06]",
    "wv": rb"wvpk.{4}[\x02-\x10]\x04",
    "caf": rb"caff\0\x01\0\0desc",
    "flv": rb"FLV\x01[\x01\x04\x05]\0\0\0\x09",
    "matroska": rb"\x1aE\xdf\xa3.{1,40}?(?:webm|matroska)",
    "asf": rb"\x30\x26\xb2\x75\x8e\x66\xcf\x11",
    "mp4": rb"\0.{3}ftyp[\w ]{4}",
    "mpeg": rb"\0\0\x01\xba(?:[\x20-\x2f].{7}|[\x40-\x7f].{9}\xff*)\0\0\x01[\xbb-\xef]",
    "mpegts": rb"(?:\x47.{187}){4}\x47",
    "id3": rb"ID3[\x02-\x04]",
    "frames": raw_frames.PATTERN,
}
"""How a file begins, by container, as regular expressions for `re.DOTALL`. Those of `id3` and `frames` also match other
bytes."""
_PACKETS: Final = ("mpeg", "mpegts", "id3", "frames")
_STATED: Final = re.compile(b"|".join(start for kind, start in STARTS.items() if kind not in _PACKETS), re.DOTALL)
_FRAME: Final = re.compile(raw_frames.PATTERN)
_ID3: Final = b"ID3"
_OVERLAP_BYTES: Final = 1 << 10
"""More than the longest start."""
_BLOCK_BYTES: Final = 1 << 20


def next_file(file: BinaryIO, position: int, end: int) -> int:
    """The position of the first file that states its kind, at `position` or later; `end` if there is none."""
    return next(starts(file, _STATED, position), end)


def next_stream(file: BinaryIO, position: int, end: int, besides: str = "") -> int:
    """As `next_file`, for packets without a header, as other tracks of a file may have them, too.

    They may be of any kind `besides` one.
    """
    kinds = re.compile(b"|".join(STARTS[kind] for kind in _PACKETS if kind != besides), re.DOTALL)
    return next((start for start in starts(file, kinds, position) if _is_stream(file, start)), end)


def _is_stream(file: BinaryIO, start: int) -> bool:
    """Whether a match is the start of a stream: ID3 tags and single frames also occur elsewhere."""
    file.seek(start)
    first = file.read(len(_ID3))
    if first == _ID3:
        return _is_mp3(file, start)
    return raw_frames.is_stream(file, start) if _FRAME.match(first) else True


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
    header = file.read(TAG_HEADER_BYTES)
    if len(header) < TAG_HEADER_BYTES or any(byte > 0x7F for byte in header[6:]):
        return False
    file.seek(start + tag_bytes(header))
    sync = file.read(2)
    return len(sync) == 2 and sync[0] == 0xFF and sync[1] >= 0xE0
