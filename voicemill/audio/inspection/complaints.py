"""Damage that FFmpeg only logs before it skips to the next cluster, page or fragment, or to the end of the file."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import av.logging

# Messages of the demuxers of Matroska, Ogg, FLV, MP4, ASF and, for truncated packets, all of them; and of WavPack.
_DAMAGE: Final = re.compile(
    "CRC mismatch|exceeds containing master element|EBML number|Invalid track number|File ended prematurely|"
    "Unknown-sized element|"
    "Packet corrupt|Packet mismatch|Track size mismatch|next track|partial file|packet_obj_size|Too few bits"
)
_OTHER_LENGTH: Final = "filesize and duration do not match"
"""Logged for an MP3 file that is shorter or longer than its header says."""


class Complaints:
    """What FFmpeg logged about a file."""

    def __init__(self) -> None:
        self._texts: list[tuple[int, str, str]] = []

    @contextmanager
    def collected(self) -> Iterator[None]:
        """Collect the messages of the block, in any thread of this process."""
        level, skips_repeated = av.logging.get_level(), av.logging.get_skip_repeated()
        av.logging.set_level(av.logging.WARNING)
        av.logging.set_skip_repeated(False)
        try:
            with av.logging.Capture(local=False) as self._texts:
                yield
        finally:
            av.logging.set_level(level)
            av.logging.set_skip_repeated(skips_repeated)

    @property
    def names_damage(self) -> bool:
        """Whether something in the file could not be read."""
        return any(_DAMAGE.search(text) for _, _, text in self._texts)

    @property
    def names_length(self) -> bool:
        """Whether the file has another size than its header says."""
        return any(_OTHER_LENGTH in text for _, _, text in self._texts)
