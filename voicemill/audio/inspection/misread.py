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
from voicemill.audio.inspection.file_starts import STARTS, starts

_MATROSKA: Final = re.compile(STARTS["matroska"], re.DOTALL)
_READ_ON: Final = {
    "au": re.compile(STARTS["au"], re.DOTALL),
    "avi": re.compile(STARTS["avi"], re.DOTALL),
    "flac": re.compile(STARTS["flac"]),
    "mkv": _MATROSKA,
    "webm": _MATROSKA,
}
"""Containers of which FFmpeg reads one file after the other, with the encoding that the first states."""
_TRANSPORT_STREAM: Final = re.compile(STARTS["mpegts"], re.DOTALL)
"""FFmpeg takes what is in its packets for parts of an MPEG program stream."""
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
    if container == "mpeg":
        return end - next(starts(file, _TRANSPORT_STREAM, 0), end)
    first, *later = [*islice(_files(file, container), _MOST_FILES)] or [0]
    expected = _encoding(file, first, track) if later else None
    return end - next((start for start in later if _encoding(file, start, track) not in (expected, None)), end)


def _files(file: BinaryIO, container: str) -> Iterator[int]:
    """The positions at which files begin, where FFmpeg reads from one into the next."""
    if container in _MP4:
        yield from (box.start for box in boxes(file) if box.kind == b"ftyp")
    elif container in _READ_ON:
        yield from starts(file, _READ_ON[container], 0)


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
