"""CSV and TSV, read by the standard library's parser in its strict mode: nothing is guessed, padded or dropped."""

import csv
from collections.abc import Iterator
from typing import TYPE_CHECKING, Final, TextIO

from voicemill.manifest.readers.byte_source import Source
from voicemill.manifest.readers.file_kind import Kind
from voicemill.manifest.readers.manifest_line import Line, Unreadable
from voicemill.model.csv_injection import FAILURE_COLUMNS, unguarded

if TYPE_CHECKING:
    from _csv import Reader

MAX_CELL_CHARACTERS: Final = 1 << 24
_DELIMITERS = {"csv": ",", "tsv": "\t"}
_NAMES = {"csv": "comma", "tsv": "tab"}


class DelimitedReader:
    """A CSV or TSV file. Bytes that are no UTF-8 arrive as lone surrogates, for the row's check to name.

    In a `failures.csv`, the marks of `model.formula` are taken off.
    """

    lines_above = 1

    def __init__(self, source: Source, kind: Kind) -> None:
        self._source = source
        self._delimiter = _DELIMITERS[kind]
        self._delimiter_name = _NAMES[kind]
        header = self._header()
        self._is_ours = set(FAILURE_COLUMNS) <= set(header)
        self.columns: tuple[str, ...] = tuple(map(unguarded, header)) if self._is_ours else header

    def lines(self) -> Iterator[Line]:
        """The data rows in order; empty physical lines are passed over and not counted."""
        with self._source.open_text() as text:
            reader = self._parser(text)
            _next_record(reader)
            number, width, start = 0, len(self.columns), reader.line_num + 1
            while True:
                try:
                    for cells in reader:
                        if cells:
                            number += 1
                            yield self._line(number, start, cells, width)
                        start = reader.line_num + 1
                    return
                except csv.Error as error:
                    number += 1
                    yield Line(number, start, (), ("", _quote_fault(error, start, reader.line_num, number)))
                    start = reader.line_num + 1

    def _header(self) -> tuple[str, ...]:
        with self._source.open_text() as text:
            reader = self._parser(text)
            try:
                return tuple(_next_record(reader))
            except csv.Error as error:
                raise Unreadable(f"the line of column names cannot be read: {_quote_fault(error, 1, 1, 0)}") from None

    def _parser(self, text: TextIO) -> "Reader":
        # The limit belongs to the whole process, so it is only ever raised.
        csv.field_size_limit(max(csv.field_size_limit(), MAX_CELL_CHARACTERS))
        return csv.reader(bounded_lines(text), delimiter=self._delimiter, strict=True)

    def _line(self, number: int, start: int, cells: list[str], width: int) -> Line:
        if len(cells) == width:
            read = [*map(unguarded, cells)] if self._is_ours else cells
            return Line(number, start, read if any(read) else ())
        return Line(number, start, (), self._ragged(cells))

    def _ragged(self, cells: list[str]) -> tuple[str, str]:
        found, width = len(cells), len(self.columns)
        counts = f"the row has {found} cell{'s' * (found != 1)}, but the first line names {width} columns"
        if found < width:
            return self.columns[found], f"{counts}; add the missing ones, empty if need be"
        return "", f"{counts}; a cell with a {self._delimiter_name} in it must stand in double quotes"


def bounded_lines(text: TextIO) -> Iterator[str]:
    """The lines of `text` with their ends. Raises `Unreadable` at one that no manifest can have."""
    place = 0
    while line := text.readline(MAX_CELL_CHARACTERS):
        place += 1
        if len(line) >= MAX_CELL_CHARACTERS and line[-1] not in "\r\n":
            raise Unreadable(
                f"line {place} is longer than {MAX_CELL_CHARACTERS:,} characters; split its text over rows"
            )
        yield line


def _next_record(reader: "Reader") -> list[str]:
    return next((cells for cells in reader if cells), [])


def _quote_fault(error: csv.Error, start: int, end: int, row: int) -> str:
    if "field limit" in str(error):
        raise Unreadable(
            f"line {start}: a cell is longer than {MAX_CELL_CHARACTERS:,} characters; split its text over rows, or "
            "look for a double quote that is opened and never closed",
            row=row,
        )
    span = f"on line {start}" if start >= end else f"between line {start} and line {end}"
    if "unexpected end" in str(error):
        return f'a double quote is opened {span} and never closed; close it, or write "" for a quote inside text'
    return f'a double quote {span} stands inside a quoted cell; write it twice ("") or remove it'
