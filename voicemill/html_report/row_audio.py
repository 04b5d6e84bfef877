"""The recordings of a row: where the page finds them, and the outline of their loudness for the player."""

import os
from base64 import b64encode
from collections.abc import Callable, Iterable, Mapping
from itertools import chain, islice
from pathlib import Path
from typing import Any, Final

from voicemill.html_report.findings import Finding
from voicemill.html_report.outline import is_wav, outline_of
from voicemill.model import Op, Status

AUDIO_COLUMNS: Final = ("op", "status", "file_name", "audio", "duration_s")
"""The columns that locate the recording of a row."""
_MOST_OUTLINES: Final = 500
_MOST_OUTLINES_OF_FINDINGS: Final = 400
_MOST_DECODED_S: Final = 120.0
_TYPES: Final = {
    **{".wav": "audio/wav", ".mp3": "audio/mpeg", ".flac": "audio/flac", ".ogg": "audio/ogg", ".oga": "audio/ogg"},
    **{".opus": "audio/ogg", ".m4a": "audio/mp4", ".mp4": "audio/mp4", ".aac": "audio/aac", ".webm": "audio/webm"},
}
"""The types of recordings that browsers play, by file extension."""


class RowAudio:
    """Finds the recordings of rows. With `embed`, the page carries their bytes instead of their paths.

    `is_stored` tells whether a generated file is in the object store of the results. Outlines are drawn of files on
    this machine only: for rows of findings and for the first rows of the table, as many as take a fraction of a second.
    """

    def __init__(
        self,
        folder: Path,
        manifest: str,
        findings: Iterable[Finding],
        is_stored: Callable[[str], bool] = lambda _name: False,
        *,
        embed: bool = False,
    ) -> None:
        self._folder = str(folder.absolute())
        self._inputs = str(Path(manifest).absolute().parent)
        self._is_stored = is_stored
        self._embed = embed
        rows_of_findings = chain.from_iterable(finding.rows for finding in findings)
        self._outlined = frozenset(islice(dict.fromkeys(rows_of_findings), _MOST_OUTLINES_OF_FINDINGS))
        self._first_rows = _MOST_OUTLINES - len(self._outlined)
        self._decoded_left_s = _MOST_DECODED_S

    def of_row(self, row: int, record: Mapping[str, Any]) -> dict[str, Any]:
        """`audio` and, if it is drawn, `outline` of the row at a position of the table; empty without a recording."""
        path = self._recording(record)
        is_here = path is not None and os.path.isfile(path)  # noqa: PTH113 - a `Path` for each row takes seconds
        is_made = record["op"] != Op.STT
        if path is None or not (is_here or (is_made and self._is_stored(record["file_name"]))):
            return {}
        found: dict[str, Any] = {"audio": self._address(path, record)}
        has_outline = is_here and (self._embed or row in self._outlined or row < self._first_rows)
        outline = self._outline(Path(path), record["duration_s"] or 0.0) if has_outline else ""
        return found | {"outline": outline} if outline else found

    def _recording(self, record: Mapping[str, Any]) -> str | None:
        if record["op"] == Op.STT:
            source = record["audio"]
            is_path = isinstance(source, str) and "://" not in source and not source.startswith("@")
            return os.path.join(self._inputs, source) if is_path else None  # noqa: PTH118 - as above
        name = record["file_name"]
        return f"{self._folder}/{name}" if record["status"] == Status.DONE and name else None

    def _address(self, path: str, record: Mapping[str, Any]) -> str:
        if self._embed:
            kind = _TYPES.get(Path(path).suffix.lower(), "application/octet-stream")
            return f"data:{kind};base64,{b64encode(Path(path).read_bytes()).decode()}"
        return Path(os.path.relpath(path, self._folder)).as_posix() if record["op"] == Op.STT else record["file_name"]

    def _outline(self, path: Path, duration_s: float) -> str:
        if is_wav(path):
            return outline_of(path)
        if self._decoded_left_s < duration_s:
            return ""
        self._decoded_left_s -= duration_s
        return outline_of(path)
