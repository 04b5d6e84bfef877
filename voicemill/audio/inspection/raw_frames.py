"""Streams of frames without a container: ADTS, MPEG audio, AC-3 and E-AC-3 are recognized by frames in a row."""

from collections.abc import Callable
from typing import BinaryIO, Final

PATTERN: Final = rb"\xff[\xe2-\xff]|\x0b\x77"
"""What a frame may begin with. Only `is_stream` shows whether it does."""

_FRAMES: Final = 5
"""This number of frames of one kind do not follow each other by chance."""
_HEADER_BYTES: Final = 6
_AC3_KBITS: Final = (32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384, 448, 512, 576, 640)
_AC3_HZ: Final = (48_000, 44_100, 32_000)
_AC3_SAMPLES: Final = 1536
_HIGHEST_AC3: Final = 10
"""The highest bit stream identification of AC-3; higher ones are of E-AC-3."""
_MPEG_HZ: Final = (44_100, 48_000, 32_000)
_MPEG_KBITS: Final = {
    (1, 1): (32, 64, 96, 128, 160, 192, 224, 256, 288, 320, 352, 384, 416, 448),
    (1, 2): (32, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384),
    (1, 3): (32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320),
    (2, 1): (32, 48, 56, 64, 80, 96, 112, 128, 144, 160, 176, 192, 224, 256),
    (2, 2): (8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
    (2, 3): (8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
}
"""Bit rates by version and layer."""


def is_stream(file: BinaryIO, position: int) -> bool:
    """Whether frames of the same kind follow each other from `position` on."""
    return any(_has_frames(file, position, size_bytes, kind) for size_bytes, kind in _KINDS)


def _has_frames(
    file: BinaryIO, position: int, size_bytes: Callable[[bytes], int], kind: Callable[[bytes], tuple[int, ...]]
) -> bool:
    first = header = _header(file, position)
    for _ in range(_FRAMES):
        frame_bytes = size_bytes(header)
        if not frame_bytes or kind(header) != kind(first):
            return False
        position += frame_bytes
        header = _header(file, position)
    return True


def _header(file: BinaryIO, position: int) -> bytes:
    file.seek(position)
    return file.read(_HEADER_BYTES).ljust(_HEADER_BYTES, b"\0")


def _adts_bytes(header: bytes) -> int:
    """The size of an ADTS frame; 0 for other bytes."""
    if header[0] != 0xFF or header[1] & 0xF6 != 0xF0 or header[2] >> 2 & 15 > 12:
        return 0
    size_bytes = (header[3] & 3) << 11 | header[4] << 3 | header[5] >> 5
    return size_bytes if size_bytes > 7 else 0


def _mpeg_bytes(header: bytes) -> int:
    """The size of a frame of MPEG audio; 0 for other bytes."""
    version_bits, layer_bits = header[1] >> 3 & 3, header[1] >> 1 & 3
    rate_bits, hz_bits, padding = header[2] >> 4, header[2] >> 2 & 3, header[2] >> 1 & 1
    if header[0] != 0xFF or header[1] < 0xE0 or version_bits == 1 or not layer_bits or rate_bits in (0, 15):
        return 0
    if hz_bits == 3:
        return 0
    layer = 4 - layer_bits
    sample_rate_hz = _MPEG_HZ[hz_bits] >> {3: 0, 2: 1, 0: 2}[version_bits]
    version = 1 if version_bits == 3 else 2
    bits_per_s = _MPEG_KBITS[version, layer][rate_bits - 1] * 1000
    if layer == 1:
        return (12 * bits_per_s // sample_rate_hz + padding) * 4
    return (72 if (version, layer) == (2, 3) else 144) * bits_per_s // sample_rate_hz + padding


def _ac3_bytes(header: bytes) -> int:
    """The size of a frame of AC-3 or E-AC-3; 0 for other bytes."""
    if header[:2] != b"\x0b\x77":
        return 0
    if header[5] >> 3 > _HIGHEST_AC3:
        return (((header[2] & 7) << 8 | header[3]) + 1) * 2
    rate_bits, size_code = header[4] >> 6, header[4] & 63
    if rate_bits == 3 or size_code // 2 >= len(_AC3_KBITS):
        return 0
    words = _AC3_KBITS[size_code // 2] * 1000 * _AC3_SAMPLES // _AC3_HZ[rate_bits] // 16
    return (words + (size_code & 1 if rate_bits == 1 else 0)) * 2


def _kind_of_adts(header: bytes) -> tuple[int, ...]:
    return header[1], header[2], header[3] & 0xF0


def _kind_of_mpeg(header: bytes) -> tuple[int, ...]:
    return header[1], header[2] & 0x0C


def _kind_of_ac3(header: bytes) -> tuple[int, ...]:
    return header[4] >> 6, header[5] >> 3


_KINDS: Final[tuple[tuple[Callable[[bytes], int], Callable[[bytes], tuple[int, ...]]], ...]] = (
    (_adts_bytes, _kind_of_adts),
    (_mpeg_bytes, _kind_of_mpeg),
    (_ac3_bytes, _kind_of_ac3),
)
"""For each kind of stream, the size of a frame, and what its frames have in common."""
