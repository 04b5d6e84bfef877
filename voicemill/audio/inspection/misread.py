"""A second file in a file, with sound of another encoding: FFmpeg decodes it as if it were encoded as the first."""

import io
import os
import re
from collections.abc import Iterator
from itertools import islice
from typing import BinaryIO, Final, NamedTuple, cast

from av.audio.codeccontext import AudioCodecContext

from voicemill.audio.decode import UndecodableAudio, opened_container
from voicemill.audio.inspection.boxes import boxes
from voicemill.audio.inspection.file_starts import starts

_MATROSKA: Final = re.compile(rb"\x1aE\xdf\xa3.{1,40}?(?:webm|matroska)", re.DOTALL)
_STARTS: Final = {
    "au": re.compile(rb"\.snd\0\0\0"),
    "avi": re.compile(rb"RIFF.{4}AVI LIST", re.DOTALL),
    "flac": re.compile(rb"fLaC\0\0\0\x22"),
    "mkv": _MATROSKA,
    "webm": _MATROSKA,
}
"""What files begin with that state their encoding there. FFmpeg reads only the first statement."""
_MP4: Final = frozenset({"m4a", "mov", "mp4"})
_HEADER_BYTES: Final = 1 << 20
_MOST_FILES: Final = 100


class _Encoding(NamedTuple):
    codec: str
    sample_rate_hz: int
    channels: int


def misread_bytes(file: BinaryIO, container: str, track: int) -> int:
    """How many bytes there are from the first file on that is encoded in another way. `track` is an index."""
    end = os.fstat(file.fileno()).st_size
    later = [start for start in islice(_files(file, container), _MOST_FILES) if start]
    expected = _encoding(file, 0, track) if later else None
    return end - next((start for start in later if _encoding(file, start, track) not in (expected, None)), end)


def _files(file: BinaryIO, container: str) -> Iterator[int]:
    """The positions at which files begin, where FFmpeg reads from one into the next."""
    if container in _MP4:
        yield from (box.start for box in boxes(file) if box.kind == b"ftyp")
    elif container in _STARTS:
        yield from starts(file, _STARTS[container], 0)


def _encoding(file: BinaryIO, start: int, track: int) -> _Encoding | None:
    """The encoding of a track of the file that begins at `start`; None if it is not a file with such a track."""
    file.seek(start)
    try:
        with opened_container(io.BytesIO(file.read(_HEADER_BYTES))) as container:
            context = cast("AudioCodecContext | None", container.streams.audio[track].codec_context)
            if context is None:  # The header is cut off before it names a codec.
                return None
            has_fixed_channels = context.name == "flac" or context.name.startswith("pcm_")
            return _Encoding(context.name, context.sample_rate, context.channels if has_fixed_channels else 0)
    except (UndecodableAudio, IndexError):
        return None
