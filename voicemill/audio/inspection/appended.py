"""Sound that a file holds and FFmpeg does not read: a second file after the first, or samples after a short header."""

import os
import re
from typing import BinaryIO, Final

from voicemill.audio.inspection.boxes import boxes
from voicemill.audio.inspection.wav_chunks import is_sound_after_end, wav_chunks

_STARTS: Final = {
    "aiff": re.compile(rb"FORM.{4}AIF[FC]", re.DOTALL),
    "asf": re.compile(rb"\x30\x26\xb2\x75\x8e\x66\xcf\x11"),
    "caf": re.compile(rb"caff\0\x01"),
    "flv": re.compile(rb"FLV\x01"),
    "ogg": re.compile(rb"OggS\0[\x02\x06]"),
    "wv": re.compile(rb"wvpk"),
}
"""What a file begins with, for containers of which FFmpeg reads one file; in Ogg, what a stream begins with."""
_MP4: Final = frozenset({"m4a", "mov", "mp4"})
_OVERLAP_BYTES: Final = 16
_BLOCK_BYTES: Final = 1 << 20
_LEAST_BYTES: Final = 1024
"""Fewer bytes after the end are not a file, and less than a tenth of a second of samples."""


def appended_bytes(file: BinaryIO, container: str, read_to: int) -> int:
    """How many bytes with sound follow what FFmpeg reads; the last packet of the track ends at `read_to`."""
    end = os.fstat(file.fileno()).st_size
    if container == "wav":
        start = _after_samples(file, end)
    elif container in _MP4:
        start = next((box.start for box in boxes(file) if box.kind == b"ftyp" and box.start >= read_to > 0), end)
    else:
        start = _first_match(file, container, read_to) if container in _STARTS and read_to else end
    file.seek(start)
    return end - start if end - start >= _LEAST_BYTES and any(file.read(_BLOCK_BYTES)) else 0


def _after_samples(file: BinaryIO, end: int) -> int:
    """Where bytes begin that follow the samples of a WAV and are not its other chunks; `end` for none."""
    chunks = wav_chunks(file)
    samples = next((chunk for chunk in chunks if chunk.kind == b"data"), None)
    if samples is None or samples.has_unknown_size:
        return end
    return next((chunk.start for chunk in chunks if is_sound_after_end(chunk, end)), end)


def _first_match(file: BinaryIO, container: str, read_to: int) -> int:
    """Where the next file of the container begins; the end of the file if there is none."""
    position, kept = read_to, b""
    file.seek(position)
    while block := file.read(_BLOCK_BYTES):
        if found := _STARTS[container].search(kept + block):
            return position - len(kept) + found.start()
        position += len(block)
        kept = block[-_OVERLAP_BYTES:]
    return position
