"""Find repeated ids and files with 8 bytes per row: by hashes first, then by an exact pass over equal hashes."""

from array import array
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from voicemill.errors import Problem
from voicemill.manifest.file_names import folded
from voicemill.manifest.row_check import Checked
from voicemill.model import text_name

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

_FEW = 10_000
"""Up to this many values are compared without numpy, which takes longer to import than to compare them."""


class HashCollisions(NamedTuple):
    """Hashes that occur more than once, up to a limit; `unnamed` counts the repeats beyond it."""

    hashes: frozenset[int]
    unnamed: int


class Hashes:
    """64-bit hashes in the order of the rows."""

    def __init__(self) -> None:
        self._values = array("q")

    def add(self, text: str) -> None:
        """Add one text."""
        self._values.append(hash(text))

    def array(self) -> "npt.NDArray[np.int64]":
        """All hashes, shape (rows,)."""
        import numpy as np

        return np.frombuffer(self._values, dtype=np.int64) if self._values else np.empty(0, np.int64)

    def repeated(self, most: int) -> HashCollisions:
        """The hashes that occur more than once, from the first `most` repeats."""
        if len(self._values) <= _FEW and len(set(self._values)) == len(self._values):
            return HashCollisions(frozenset(), 0)
        import numpy as np

        values = self.array()
        order = np.argsort(values, kind="stable")
        again = values[order][1:] == values[order][:-1]
        repeats = values[np.sort(order[1:][again])]
        named = repeats[:most]
        unnamed = len(repeats) - int(np.isin(repeats, named).sum()) if len(repeats) > most else 0
        return HashCollisions(frozenset(named.tolist()), unnamed)

    def shared(self, other: "Hashes", most: int) -> frozenset[int]:
        """The first `most` hashes that both have."""
        if len(self._values) <= _FEW and set(self._values).isdisjoint(other._values):
            return frozenset()
        import numpy as np

        return frozenset(np.intersect1d(self.array(), other.array())[:most].tolist())


class UniquenessCheck:
    """The ids and files of one manifest, gathered in the first pass."""

    def __init__(self) -> None:
        self._ids = Hashes()
        self._files = Hashes()
        self._folders = Hashes()
        self._last_folder = ""

    def add(self, checked: Checked) -> None:
        """Add one line."""
        if checked.id:
            self._ids.add(checked.id)
        for name in _file_names(checked):
            path = folded(name)
            self._files.add(path)
            folder = path.rpartition("/")[0]
            if folder != self._last_folder:
                self._last_folder = folder
                for parent in _and_parents(folder):
                    self._folders.add(parent)

    def repeats(self, most: int) -> "SecondPass | None":
        """The exact second pass, None if no hash is repeated."""
        ids, files = self._ids.repeated(most), self._files.repeated(most)
        both = self._files.shared(self._folders, most)
        if not ids.hashes and not files.hashes and not both:
            return None
        return SecondPass(ids, files, both)


@dataclass(slots=True)
class SecondPass:
    """Compares the texts of repeated hashes, line by line."""

    ids: HashCollisions
    files: HashCollisions
    files_and_folders: frozenset[int]
    _first_of_id: dict[str, int] = field(default_factory=dict)
    _first_of_file: dict[str, tuple[int, str]] = field(default_factory=dict)
    _as_file: dict[str, int] = field(default_factory=dict)
    _as_folder: dict[str, int] = field(default_factory=dict)

    @property
    def unnamed(self) -> int:
        """The number of repeats that no problem names; a repeated id also repeats its file and counts once."""
        return max(self.ids.unnamed, self.files.unnamed)

    def problems(self, number: int, checked: Checked) -> Iterator[Problem]:
        """A problem for each id and file that an earlier line has already."""
        if checked.id and hash(checked.id) in self.ids.hashes:
            first = self._first_of_id.setdefault(checked.id, number)
            if first != number:
                yield Problem(
                    number, "id", f"row {first} has the id {checked.id[:80]!r} too; give one of them another id"
                )
        for name in _file_names(checked):
            path = folded(name)
            if hash(path) in self.files.hashes:
                yield from self._of_file(path, name, number, checked.id)
            if self.files_and_folders:
                self._note_kinds(path, number)

    def _of_file(self, path: str, name: str, number: int, row_id: str) -> Iterator[Problem]:
        first, first_id = self._first_of_file.setdefault(path, (number, row_id))
        if first != number and (first_id != row_id or not row_id):
            yield Problem(
                number,
                "out",
                f"this row and row {first} would both write {name!r} (case is ignored); give one of them another out",
            )

    def clashes(self) -> Iterator[Problem]:
        """Files that another row uses as a folder; known after the last line."""
        for path, number in self._as_file.items():
            if path in self._as_folder:
                yield Problem(
                    number,
                    "out",
                    f"this row writes the file {path!r}, a folder of row {self._as_folder[path]}; rename one of them",
                )

    def _note_kinds(self, path: str, number: int) -> None:
        if hash(path) in self.files_and_folders:
            self._as_file.setdefault(path, number)
        for parent in _and_parents(path.rpartition("/")[0]):
            if hash(parent) in self.files_and_folders:
                self._as_folder.setdefault(parent, number)


def _file_names(checked: Checked) -> tuple[str, ...]:
    """Every file that a row would write, text files included."""
    first, row = checked.file_name, checked.row
    if not first or row is None or not row.output.text_formats:
        return (first,) if first else ()
    texts = (text_name(first, format) for format in row.output.text_formats)
    return (first, *(name for name in texts if name != first))


def _and_parents(folder: str) -> Iterator[str]:
    while folder:
        yield folder
        folder = folder.rpartition("/")[0]
