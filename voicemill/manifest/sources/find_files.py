"""Find the files of a source, in an order that does not depend on the disk."""

import os
import re
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import Path
from typing import NamedTuple

from voicemill.manifest.readers import Unreadable
from voicemill.manifest.sources.source_kinds import LIST_MARK, STDIN, fixed_folder, is_recording_by_content, list_path
from voicemill.manifest.text_encoding import UTF_16_NAME, decoded, is_utf16

NOTES_FOLDER = ".voicemill"
"""Every results folder contains a folder of this name, by which a search skips results."""

MAX_DEPTH = 1000
_MOST_LIST_BYTES = 1 << 30
_SNIFFED_CHARACTERS = 1 << 16


class Entry(NamedTuple):
    """A file of a source: its path, and its path within the source (`name`), with forward slashes."""

    path: str
    name: str


@dataclass
class Files:
    """The files of a source in order. They must lie below `root`, unless that is None.

    `left_out` are files of a folder that no operation processes. `encoding` describes a list that is not in UTF-8, for
    the summary.
    """

    folder: Path
    root: Path | None = None
    entries: list[Entry] = field(default_factory=list)
    left_out: list[str] = field(default_factory=list)
    encoding: str = ""


def files_of_folder(folder: Path, extensions: Iterable[str], *, sniff: bool) -> Files:
    """All files below a folder with these extensions, and with `sniff` those that begin like audio.

    Hidden files, links to folders inside the folder, and results folders are skipped.
    """
    root = Path(os.path.realpath(folder))
    files = Files(Path(), root)
    for path in sorted(_below(str(folder), root)):
        name = os.path.relpath(path, folder)
        if _is_named_so(path, extensions) or os.path.isdir(path) or (sniff and is_recording_by_content(path)):  # noqa: PTH112 - names of any bytes
            files.entries.append(Entry(path, name))
        else:
            files.left_out.append(name)
    return files


def files_of_glob(pattern: str) -> Files:
    """The files that match a glob; `**` matches any folders. Links to folders, which may form loops, are skipped."""
    base = fixed_folder(pattern)
    wanted = os.path.relpath(pattern, base).split("/")
    root = Path(os.path.realpath(base))
    depth = MAX_DEPTH if "**" in wanted else len(wanted)
    entries = [Entry(path, os.path.relpath(path, base)) for path in _below(str(base), root, depth)]
    return Files(Path(), root, sorted(entry for entry in entries if _matches(entry.name.split("/"), wanted)))


def files_of_list(given: str) -> Files:
    """The files that a list names, one per line, without repetitions; blank lines and `#` comments are skipped.

    Raises `Unreadable`.
    """
    place = list_path(given)
    folder = Path() if place == STDIN else Path(place).parent
    content = _read(place)
    text = decoded(content, "replace" if is_utf16(content) else "surrogateescape")
    if "\0" in text[:_SNIFFED_CHARACTERS]:
        raise Unreadable("the list is in UTF-32, in UTF-16 without a byte order mark, or not text; save it as UTF-8")
    named = [line.strip() for line in re.split(r"\r\n|\r|\n", text)]
    paths = dict.fromkeys(line for line in named if line and not line.startswith("#"))
    encoding = f"the list is {UTF_16_NAME}" if is_utf16(content) else ""
    return Files(folder, None, [Entry(path, _inner(path)) for path in paths], encoding=encoding)


def file_alone(given: str) -> Files:
    """One file."""
    return Files(Path(), None, [Entry(given, Path(given).name)])


def _matches(parts: Sequence[str], wanted: Sequence[str]) -> bool:
    if not wanted or not parts:
        return not parts and all(part == "**" for part in wanted)
    if wanted[0] == "**":
        return _matches(parts, wanted[1:]) or _matches(parts[1:], wanted)
    return fnmatchcase(parts[0], wanted[0]) and _matches(parts[1:], wanted[1:])


def _below(folder: str, root: Path, depth: int = MAX_DEPTH) -> Iterator[str]:
    unreadable: list[str] = []

    def note(error: OSError) -> None:
        unreadable.append(str(error.filename))

    for here, folders, names in os.walk(folder, onerror=note):
        inside = [name for name in folders if not name.startswith(".")]
        linked = [name for name in inside if os.path.islink(os.path.join(here, name))]  # noqa: PTH114, PTH118
        results = [name for name in inside if os.path.isdir(os.path.join(here, name, NOTES_FOLDER))]  # noqa: PTH112, PTH118
        is_deepest = os.path.relpath(here, folder).count("/") + 1 + (here != folder) >= depth
        folders[:] = [] if is_deepest else [name for name in inside if name not in {*linked, *results}]
        yield from (os.path.join(here, name) for name in linked if _leads_out(os.path.join(here, name), root))  # noqa: PTH118
        yield from (os.path.join(here, name) for name in names if not name.startswith("."))  # noqa: PTH118
    yield from unreadable


def _leads_out(path: str, root: Path) -> bool:
    return not Path(os.path.realpath(path)).is_relative_to(root)


def _is_named_so(path: str, extensions: Iterable[str]) -> bool:
    return os.path.splitext(path)[1].lower() in extensions  # noqa: PTH122


def _read(place: str) -> bytes:
    if place == STDIN:
        return sys.stdin.buffer.read(_MOST_LIST_BYTES)
    try:
        with Path(place).open("rb") as file:
            return file.read(_MOST_LIST_BYTES)
    except OSError as error:
        raise Unreadable(
            f"the list cannot be read ({error.strerror}); give {LIST_MARK} and the path of a file"
        ) from None


def _inner(path: str) -> str:
    """A path without the parts that could lead out of its starting folder."""
    return "/".join(part for part in path.split("/") if part not in ("", ".", ".."))
