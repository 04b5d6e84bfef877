"""The files of a source as the rows of a manifest: an id, an input and a place for the output."""

import hashlib
from collections.abc import Iterator
from pathlib import Path

from voicemill.manifest.file_names import short_digest
from voicemill.manifest.problems import printable
from voicemill.manifest.readers import Line, Unreadable
from voicemill.manifest.sources.find_files import Files, file_alone, files_of_folder, files_of_glob, files_of_list
from voicemill.manifest.sources.mirrored_names import mirrored
from voicemill.manifest.sources.source_kinds import RECORDINGS, TEXTS, Kind, kind_of


class Listing:
    """The files of a source, in the form of a manifest with one file per row.

    Paths are relative to `folder`, and must lie below `root` unless that is None. No operation processes the files
    `left_out`. The listing does not change if files are added later.
    """

    lines_above = 0
    decimal_comma = False

    def __init__(self, files: Files, column: str) -> None:
        self.folder, self.root, self.left_out = files.folder, files.root, files.left_out
        self.dialect = files.encoding
        self.columns: tuple[str, ...] = ("id", column, "out")
        self._paths = [entry.path for entry in files.entries]
        self._ids = list(_ids([entry.name for entry in files.entries]))
        self._outputs = mirrored([entry.name for entry in files.entries])

    def lines(self) -> Iterator[Line]:
        """The files in their order."""
        for number, cells in enumerate(zip(self._ids, self._paths, self._outputs, strict=True), start=1):
            yield Line(number, 0, cells)

    def digest(self) -> str:
        """SHA-256 of the names, as 64 hex digits."""
        content = "\n".join(self._ids).encode("utf-8", "surrogatepass")
        return hashlib.sha256(content).hexdigest()


def open_listing(given: str, op: str) -> Listing:
    """The files that `given` names, as inputs of an operation. Raises `Unreadable`."""
    if op == "infill":
        raise Unreadable("infill needs texts and times; give a manifest with a row for each gap")
    if op != "tts" and kind_of(given) == "file" and Path(given).suffix.lower() in TEXTS:
        raise Unreadable(f"this is a text, and {op} needs recordings; if it lists files, write @{given}")
    listing = Listing(_files(given, op), "text_file" if op == "tts" else "audio")
    if next(listing.lines(), None) is None:
        raise Unreadable(_nothing(kind_of(given), op))
    return listing


def _files(given: str, op: str) -> Files:
    kind = kind_of(given)
    try:
        if kind == "folder":
            return files_of_folder(Path(given), TEXTS if op == "tts" else RECORDINGS, sniff=op != "tts")
        if kind == "glob":
            return files_of_glob(given)
        return files_of_list(given) if kind == "list" else file_alone(given)
    except OSError as error:
        raise Unreadable(f"it cannot be read ({error.strerror}); check the path and the disk") from None


def _nothing(kind: Kind, op: str) -> str:
    if kind != "folder":
        return (
            "the list names no file; write one path on each line"
            if kind == "list"
            else "no file matches this pattern; check it, and put it in quotes"
        )
    if op == "tts":
        return "the folder has no text file (.txt) to speak; for recordings, give the operation, as in --op stt"
    return "the folder has no audio file; check the path (hidden files and results folders are skipped)"


def _ids(names: list[str]) -> Iterator[str]:
    """The names as ids: characters that an id cannot contain are escaped, and no two ids are equal."""
    plain = set(names)
    for name in names:
        shown = printable(name, len(name) + 1)
        yield shown if shown == name or shown not in plain else f"{shown}-{short_digest(name)}"
