"""Detect the kind of source that a user named, by its form and by what is on the disk."""

import glob
import os
import re
from contextlib import suppress
from pathlib import Path
from typing import Final, Literal

from voicemill.manifest.text_encoding import decoded

Kind = Literal["table", "folder", "glob", "list", "file"]

RECORDINGS: Final = frozenset({
    ".flac", ".m4a", ".mp3", ".mp4", ".mpeg", ".mpga", ".oga", ".ogg", ".wav", ".webm",
    ".aac", ".m4b", ".m4v", ".mka", ".mkv", ".mov", ".mpg", ".opus", ".ts", ".w64", ".weba",
    ".3g2", ".3gp", ".ac3", ".aif", ".aifc", ".aiff", ".amr", ".asf", ".au", ".avi", ".awb", ".bwf", ".caf", ".eac3",
    ".ec3", ".f4v", ".flv", ".m2ts", ".m4r", ".mp2", ".mpa", ".mts", ".nist", ".ogv", ".ogx", ".rf64", ".snd", ".sph",
    ".spx", ".vob", ".wave", ".wma", ".wmv", ".wv",
    ".ape", ".ds2", ".dsf", ".dss", ".dts", ".gsm", ".mpc", ".oma", ".pcm", ".ra", ".rm", ".shn", ".tta", ".voc",
    ".vox",
})  # fmt: skip
"""File extensions that the service accepts, that are converted locally, and that are refused as other audio."""
TEXTS: Final = frozenset({".txt"})
LISTS: Final = frozenset({".m3u", ".m3u8"})
BOOK_MANIFEST: Final = "chapters.csv"
_BOOK_FACTS: Final = "book.toml"
LIST_MARK: Final = "@"
STDIN: Final = "-"

_AUDIO_STARTS: Final = (
    b"ID3",
    b"fLaC",
    b"OggS",
    b"\x1aE\xdf\xa3",
    b"\xff\xfb",
    b"\xff\xf3",
    b"\xff\xf1",
    b"\xff\xf9",
    b"NIST_1A",
)
_PICTURE_BRANDS: Final = (b"heic", b"heix", b"mif1", b"msf1", b"avif", b"avis")
_HEAD_BYTES: Final = 12
_LINE_BYTES: Final = 1 << 16
_TABLE_STARTS: Final = ("{", "sep=", '"sep=')
_SEPARATORS: Final = re.compile(r"[,;\t]")
_COLUMNS: Final = frozenset(
    {"id", "transcript", "text", "sentence", "text_file", "audio", "audio_filepath", "file_name", "path"}
)
_FIXED_PARTS = re.compile(r"[*?\[]")


def kind_of(given: str) -> Kind:
    """The kind of the source `given`; a name that does not exist counts as a table."""
    path = Path(given)
    with suppress(OSError, ValueError):
        if path.is_dir():
            return "table" if is_book_folder(path) else "folder"
        if path.is_file():
            suffix = path.suffix.lower()
            is_file = suffix in RECORDINGS or (suffix in TEXTS and is_prose(path))
            return "list" if suffix in LISTS else "file" if is_file else "table"
    if given.startswith(LIST_MARK) and len(given) > 1:
        return "list"
    return "glob" if glob.has_magic(given) and not os.path.lexists(given) else "table"


def is_prose(path: Path) -> bool:
    """Whether a text file does not start like a table: with a column name, `sep=`, an object or an id before a bar."""
    with path.open("rb") as file:
        line = decoded(file.read(_LINE_BYTES), "replace").partition("\n")[0]
    if "|" in line or line.lower().startswith(_TABLE_STARTS) or path.name.lower().endswith(".trans.txt"):
        return False
    cells = _SEPARATORS.split(line.casefold())
    return _COLUMNS.isdisjoint(cell.strip().strip('"') for cell in cells)


def is_book_folder(path: Path) -> bool:
    """Whether `path` is a folder that `voicemill book import` wrote, which is read as the manifest in it."""
    # Unlike `Path.is_file`, this is False for a name that is too long and for a folder that may not be searched.
    return all(os.path.isfile(path / name) for name in (_BOOK_FACTS, BOOK_MANIFEST))  # noqa: PTH113


def is_listing(given: str) -> bool:
    """Whether `given` names files rather than a table of rows."""
    return kind_of(given) != "table"


def list_path(given: str) -> str:
    """The path of a list, without the mark before it."""
    return given if Path(given).suffix.lower() in LISTS and Path(given).is_file() else given.removeprefix(LIST_MARK)


def fixed_folder(pattern: str) -> Path:
    """The folder that contains all matches of a glob."""
    head = _FIXED_PARTS.split(pattern, maxsplit=1)[0]
    return Path(head.rpartition("/")[0] or ("/" if head.startswith("/") else "."))


def missing_source(given: str) -> Path | None:
    """The missing file or folder of a source, None if it exists; for a glob, the folder that contains its matches."""
    kind = kind_of(given)
    needed = fixed_folder(given) if kind == "glob" else Path(list_path(given) if kind == "list" else given)
    return None if needed.exists() else needed


def source_name(given: str) -> str:
    """A name for the results of a source."""
    kind = kind_of(given)
    if given == STDIN or given == LIST_MARK + STDIN:
        return "stdin"
    if kind == "list":
        return Path(list_path(given)).stem
    if kind in ("folder", "glob"):
        folder = Path(given) if kind == "folder" else fixed_folder(given)
        return folder.resolve().name or "files"
    return Path(given).resolve().name if is_book_folder(Path(given)) else Path(given).stem


def is_recording_by_content(path: str) -> bool:
    """Whether a file begins like audio, whatever its name."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        with os.fdopen(descriptor, "rb") as file:
            head = file.read(_HEAD_BYTES)
    except OSError:
        return False
    is_wave = head[:4] in (b"RIFF", b"RF64") and head[8:12] == b"WAVE"
    is_mp4 = head[4:8] == b"ftyp" and head[8:12] not in _PICTURE_BRANDS
    return is_wave or is_mp4 or (head or b"").startswith(_AUDIO_STARTS)
