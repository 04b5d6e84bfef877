"""Estimate the size of a delivery, and check that the disk has space for it before anything is written."""

from collections.abc import Sequence
from pathlib import Path
from typing import Final

from voicemill.book.mastering.chapters import Chapter
from voicemill.book.mastering.passages import SURROUND_S
from voicemill.errors import StorageError
from voicemill.store.free_space import Load, bytes_in, missing_bytes

_BYTES_PER_S: Final = {
    "acx": 24_000,
    "google": 48_000,
    "apple": 32_500,
    "m4b": 12_500,
    "mp3": 48_000,
    "read-along": 17_000,
    "archive": 88_200,
}
"""Of speech; MP3 twice where there are two copies."""
_FIXED_BYTES: Final = 10_000_000


def check_disk_space(chapters: Sequence[Chapter], names: Sequence[str], folder: Path) -> None:
    """Raise `StorageError` if the disk has too little free space for the deliveries."""
    seconds = sum(chapter.duration_s + SURROUND_S for chapter in chapters)
    expected = round(seconds * sum(_BYTES_PER_S[name] for name in names)) + _FIXED_BYTES
    missing = missing_bytes([Load(folder, expected, lambda: bytes_in(folder) if folder.is_dir() else 0)])
    if missing:
        raise StorageError(
            f"about {expected / 1e9:,.2f} GB will be written to {folder}, and its disk lacks {missing / 1e9:,.2f} GB "
            "of that; free some space, or choose another folder with -o"
        )
