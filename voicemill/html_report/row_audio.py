"""The recordings of a row: where the page finds them, and the outline of their loudness for the player."""

import os
from base64 import b64encode
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from voicemill.html_report.outline import is_wav, outline_of
from voicemill.model import Op, Status

AUDIO_COLUMNS: Final = ("op", "status", "file_name", "audio", "duration_s")
"""The columns that tell where the recording of a row is."""
_MOST_OUTLINES: Final = 2_000
_MOST_DECODED_S: Final = 600.0
_TYPES: Final = {
    **{".wav": "audio/wav", ".mp3": "audio/mpeg", ".flac": "audio/flac", ".ogg": "audio/ogg", ".oga": "audio/ogg"},
    **{".opus": "audio/ogg", ".m4a": "audio/mp4", ".mp4": "audio/mp4", ".aac": "audio/aac", ".webm": "audio/webm"},
}
"""The types of recordings that browsers play, by file extension."""


class RowAudio:
    """Finds the recordings of rows. With `embed`, the page carries their bytes instead of their paths."""

    def __init__(self, folder: Path, manifest: str, *, embed: bool = False) -> None:
        self._folder = folder.absolute()
        self._inputs = Path(manifest).absolute().parent
        self._embed = embed
        self._outlines_left = _MOST_OUTLINES
        self._decoded_left_s = _MOST_DECODED_S

    def of_row(self, record: Mapping[str, Any]) -> dict[str, Any]:
        """`audio` and, if it can be drawn, `outline` (loudness from 0 to 100) of a row; empty without a recording."""
        path = self._recording(record)
        if path is None or not os.path.isfile(path):  # noqa: PTH113 - a `Path` for each of 100,000 rows takes seconds
            return {}
        found: dict[str, Any] = {"audio": self._address(Path(path))}
        outline = self._outline(Path(path), record["duration_s"] or 0.0)
        return found | {"outline": outline} if outline else found

    def _recording(self, record: Mapping[str, Any]) -> str | None:
        if record["op"] == Op.STT:
            source = record["audio"]
            is_path = isinstance(source, str) and "://" not in source and not source.startswith("@")
            return str(self._inputs / source) if is_path and isinstance(source, str) else None
        name = record["file_name"]
        return f"{self._folder}/{name}" if record["status"] == Status.DONE and name else None

    def _address(self, path: Path) -> str:
        if self._embed:
            kind = _TYPES.get(path.suffix.lower(), "application/octet-stream")
            return f"data:{kind};base64,{b64encode(path.read_bytes()).decode()}"
        return Path(os.path.relpath(path, self._folder)).as_posix()

    def _outline(self, path: Path, duration_s: float) -> list[int]:
        if self._outlines_left <= 0 or (not is_wav(path) and self._decoded_left_s < duration_s):
            return []
        self._outlines_left -= 1
        self._decoded_left_s -= 0.0 if is_wav(path) else duration_s
        return outline_of(path)
