"""Evidence of where rows begin: whether a quoted cell swallowed rows, and whether a line is only the end of a row."""

import csv
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final

_MOST_SHAPES: Final = 1000
_WIDE: Final = 3
_DIGITS = re.compile(r"\d+")
_LETTERS = re.compile(r"[^\W\d_]+")


@dataclass
class RowEvidence:
    """How the ids of whole rows look, gathered as the rows are read. `id_place` is the cell that holds them."""

    id_place: int
    shapes: set[str] = field(default_factory=set)
    has_spaced_cells: bool = False
    has_spaced_ids: bool = False

    def add(self, cells: Sequence[str]) -> None:
        """Add a row that has a cell for each column."""
        row_id = cells[self.id_place]
        self.add_id(cells)
        self.has_spaced_ids = self.has_spaced_ids or " " in row_id.strip()
        self.has_spaced_cells = self.has_spaced_cells or any(cell.startswith(" ") for cell in cells[1:])

    def add_id(self, cells: Sequence[str]) -> None:
        """Add the id of a row."""
        if self.id_place < len(cells) and len(self.shapes) < _MOST_SHAPES:
            self.shapes.add(shape(cells[self.id_place]))

    def is_row(self, cells: Sequence[str], width: int) -> bool:
        """Whether the cells of one physical line can be a row of their own rather than text.

        A line that begins with an id such as `ch-01`, where others have that form, is one whatever follows.
        """
        row_id = cells[self.id_place].strip() if len(cells) > max(1, self.id_place) else ""
        if row_id and self._is_distinct(shape(row_id)):
            return True
        if len(cells) != width or not row_id:
            return False
        if not self.has_spaced_ids and re.search(r"\s", row_id):
            return False
        if not self.has_spaced_cells and any(cell.startswith(" ") for cell in cells[1:]):
            return False
        return width >= _WIDE or not self.shapes or shape(row_id) in self.shapes

    def is_id_like(self, cells: Sequence[str], before: Sequence[str]) -> bool:
        """Whether a short line begins with an id that looks like the others, and not like a word of a text."""
        if self.id_place >= len(cells) or self.id_place >= len(before):
            return False
        found = shape(cells[self.id_place])
        known = self.shapes or {shape(before[self.id_place])}
        return found in known and not found.isalpha()

    def _is_distinct(self, found: str) -> bool:
        """Whether ids have this form and words and numbers of a text do not."""
        return found in self.shapes and "9" in found and found != "9"


def shape(row_id: str) -> str:
    """The form of an id: `ch-01` and `ch-12` have one form."""
    return _DIGITS.sub("9", _LETTERS.sub("a", row_id.strip()))


def look_like_rows(lines: Iterable[str], separator: str, width: int, evidence: RowEvidence) -> bool:
    """Whether one of the physical lines within a quoted cell looks like a row of its own."""
    return any(evidence.is_row(_split(line, separator), width) for line in lines)


def is_quoted(cells: Sequence[str], line: str, place: int) -> bool:
    """Whether the cell at `place` of a row is enclosed in quotes, by the physical line that the row was read from."""
    position = 0
    for cell in cells[:place]:
        opens = line.startswith('"', position)
        position += (len(cell.replace('"', '""')) + 2 if opens else len(cell)) + 1
    return line.startswith('"', position)


def _split(line: str, separator: str) -> list[str]:
    try:
        return next(csv.reader([line.rstrip("\r\n")], delimiter=separator), [])
    except csv.Error:
        return line.split(separator)
