"""What every kind of manifest is read as: columns, and lines of cells."""

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple, Protocol


class Line(NamedTuple):
    """One data row: `number` counts from 1, `place` is its first physical line (0 where the file has no lines).

    `cells` follow the columns, and are empty for a row in which nothing is written. `complaint` is a column and what
    is wrong where the row has no usable cells.
    """

    number: int
    place: int
    cells: Sequence[Any]
    complaint: tuple[str, str] | None = None


class Reader(Protocol):
    """A manifest that is open: `lines` reads it from the start, and can be called again."""

    columns: tuple[str, ...]
    lines_above: int
    """How many physical lines stand above the first data row where nothing is folded: 1 for a header, else 0."""

    def lines(self) -> Iterator[Line]:
        """The data rows in order. Raises `Unreadable` and `OSError`."""
        ...


class Unreadable(Exception):
    """The file cannot be read (on): `row` 0 is the file itself."""

    def __init__(self, why: str, *, row: int = 0) -> None:
        super().__init__(why)
        self.why = why
        self.row = row
