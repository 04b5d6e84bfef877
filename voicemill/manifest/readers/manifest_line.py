"""How every kind of manifest is read: columns, and lines of cells."""

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple, Protocol


class Line(NamedTuple):
    """One data row. `number` counts from 1, `place` is its first physical line (0 where the file has no lines).

    `cells` follow the columns and are empty for a row in which nothing is written. `problem` is a column and what is
    wrong where the row has no usable cells. `is_padded` says that empty cells were added at its end.
    """

    number: int
    place: int
    cells: Sequence[Any]
    problem: tuple[str, str] | None = None
    is_padded: bool = False


class Reader(Protocol):
    """An open manifest: `lines` reads it from the start and can be called again."""

    columns: tuple[str, ...]
    lines_above: int
    """How many physical lines precede the first data row: 1 for a line of column names, else 0."""
    dialect: str
    """How the file differs from a plain one, for the summary; empty for a plain one."""
    decimal_comma: bool
    """Whether `1,5` is a number."""

    def lines(self) -> Iterator[Line]:
        """The data rows in order. Raises `Unreadable` and `OSError`."""
        ...


class Unreadable(Exception):
    """The file cannot be read (any further); `row` is 0 for the file itself."""

    def __init__(self, why: str, *, row: int = 0) -> None:
        super().__init__(why)
        self.why = why
        self.row = row
