"""Warnings that count rows instead of naming each row: padded rows, empty rows, and rows with Markdown marks."""

from collections.abc import Iterator
from dataclasses import dataclass

from voicemill.errors import Problem
from voicemill.manifest.readers import Line
from voicemill.model import Row
from voicemill.text.markdown import marks_in


class CountedRows:
    """Counts such rows of one manifest; with `with_marks`, also those whose texts have Markdown marks."""

    def __init__(self, *, with_marks: bool) -> None:
        self._with_marks = with_marks
        self._padded = _Count()
        self._empty = _Count()
        self._marked = _Count()
        self._marks = 0

    def add(self, line: Line, row: Row | None) -> None:
        """Count a line and its valid row, if it has one."""
        if line.is_padded:
            self._padded.add(line.number)
        if not line.problem and not line.cells:
            self._empty.add(line.number)
        if self._with_marks and row is not None and (marks := marks_in(row.speech.text)):
            self._marked.add(line.number)
            self._marks += marks

    def warnings(self, text_column: str) -> Iterator[Problem]:
        """One warning for each kind of row, at the first of them."""
        if self._padded.count:
            rows = self._padded.rows("has", "have")
            why = f"{rows} fewer cells than the first line has columns; the missing ones at the end count as empty"
            yield Problem(self._padded.first, "", why)
        if self._empty.count:
            yield Problem(self._empty.first, "", f"{self._empty.rows('is', 'are')} empty and skipped")
        if self._marked.count:
            marks = "1 Markdown mark" if self._marks == 1 else f"{self._marks:,} Markdown marks"
            why = f"{self._marked.rows('has', 'have')} {marks}, sent as they are; --text markdown removes them"
            yield Problem(self._marked.first, text_column, why)


@dataclass(slots=True)
class _Count:
    """The number of rows, and the number of the first of them."""

    count: int = 0
    first: int = 0

    def add(self, number: int) -> None:
        self.count += 1
        self.first = self.first or number

    def rows(self, one: str, many: str) -> str:
        """The count with its verb, as in `2 rows are`."""
        return f"1 row {one}" if self.count == 1 else f"{self.count:,} rows {many}"
