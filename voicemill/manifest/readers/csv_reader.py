"""CSV and TSV as spreadsheets and speech data sets write them. No row is merged or lost silently."""

import csv
from collections.abc import Iterator
from functools import cache, cached_property
from itertools import islice
from typing import TYPE_CHECKING, Final, NamedTuple, TextIO

from voicemill.manifest.columns import own_name
from voicemill.manifest.readers.byte_source import Source
from voicemill.manifest.readers.delimited_dialect import detect, has_literal_quotes, unquoted
from voicemill.manifest.readers.manifest_line import Line, Unreadable
from voicemill.manifest.readers.row_evidence import RowEvidence, is_quoted, look_like_rows
from voicemill.model.csv_injection import is_guarded, unguarded

if TYPE_CHECKING:
    from _csv import Reader

MAX_CELL_CHARACTERS: Final = 1 << 24
_HEAD_CHARACTERS: Final = 1 << 16
_HEAD_RECORDS: Final = 100


class Record(NamedTuple):
    """Cells, and the physical lines that they were read from, counted from 1; `error` if they cannot be read."""

    start: int
    stop: int
    cells: list[str]
    raw: list[str]
    error: str = ""

    @property
    def is_blank(self) -> bool:
        """Whether there is only white space."""
        return not self.error and (not self.cells or (len(self.cells) == 1 and not self.cells[0].strip()))


class DelimitedReader:
    """A CSV or TSV file. Bytes that are not UTF-8 arrive as lone surrogates; the check of the row names them.

    `columns` leaves out those that have neither a name nor values. In files that we wrote, the marks of
    `model.csv_injection` are removed.
    """

    def __init__(self, source: Source) -> None:
        self._source = source
        with source.open_text() as text:
            self._dialect = detect(text.read(_HEAD_CHARACTERS), source.name)
        self.lines_above = self._dialect.lines_above
        self.decimal_comma = self._dialect.decimal_comma
        self.dialect = self._dialect.name
        names = self._names = self._dialect.names or self._header()
        self._width = len(names)
        self._used = tuple(place for place, name in enumerate(names) if name.strip() or self._has_values(place))
        named = tuple(names[place] for place in self._used)
        self._is_ours = is_guarded(named)
        self.columns: tuple[str, ...] = tuple(map(unguarded, named)) if self._is_ours else named
        self._evidence = RowEvidence(self._id_place)
        self._quotes_column = cache(self._find_quotes_of_column)

    @property
    def has_no_names(self) -> bool:
        """Whether the file has no line of column names, and those of a known data set are used."""
        return bool(self._dialect.names)

    @cached_property
    def _literal_quotes(self) -> bool:
        with self._source.open_text() as text:
            return has_literal_quotes(bounded_lines(text), self._dialect, self._width)

    @property
    def _id_place(self) -> int:
        return next((place for place, name in zip(self._used, self.columns, strict=True) if own_name(name) == "id"), 0)

    def lines(self) -> Iterator[Line]:
        """The data rows in order; blank physical lines are skipped and not counted."""
        self._evidence = RowEvidence(self._id_place)
        before: Record | None = None
        records = self._records()
        record = next(records, None)
        number = 0
        while record is not None:
            following = next(records, None)
            number += 1
            yield self._line(number, record, before, following)
            before, record = record, following

    def _records(self) -> Iterator[Record]:
        """The records below the column names that are not blank."""
        with self._source.open_text() as text:
            raw = _Recorder(bounded_lines(text))
            if self._dialect.names:
                skipped = 0
            else:
                skipped = next((record.stop for record in self._parse(raw, 0) if not record.is_blank), 0)
            records = self._literal(raw, skipped) if self._literal_quotes else self._parse(raw, skipped)
            yield from (record for record in records if not record.is_blank)

    def _parse(self, raw: "_Recorder", done: int) -> Iterator[Record]:
        reader = self._parser(raw)
        if done == 0:
            for _ in range(self._dialect.lines_above - 1):
                next(raw)
        while True:
            start, raw.lines = raw.count + 1, []
            try:
                cells = next(reader)
            except StopIteration:
                return
            except csv.Error as error:
                yield Record(start, raw.count, [], raw.lines, _quote_problem(error, start, raw.count))
                continue
            yield Record(start, raw.count, cells, raw.lines)

    def _literal(self, raw: "_Recorder", done: int) -> Iterator[Record]:
        for place, line in enumerate(raw, start=done + 1):
            raw.lines = []
            cells = line.rstrip("\r\n").split(self._dialect.separator)
            yield Record(place, place, [*map(unquoted, cells)], [line])

    def _parser(self, lines: "_Recorder") -> "Reader":
        # The limit belongs to the whole process, so it is only ever raised.
        csv.field_size_limit(max(csv.field_size_limit(), MAX_CELL_CHARACTERS))
        return csv.reader(lines, delimiter=self._dialect.separator, strict=True)

    def _header(self) -> tuple[str, ...]:
        with self._source.open_text() as text:
            records = (one for one in self._parse(_Recorder(bounded_lines(text)), 0) if not one.is_blank)
            header, first = next(records, None), next(records, None)
        if header is None:
            raise Unreadable("the file has no line with column names; add one, such as id,transcript")
        if header.error:
            raise Unreadable(f"the line with the column names cannot be read: {header.error}")
        if header.stop > header.start and self._has_swallowed_rows(header, first):
            raise Unreadable(f"the line with the column names cannot be read: {_merged(header)}")
        return tuple(header.cells)

    def _has_swallowed_rows(self, header: Record, first: Record | None) -> bool:
        """Whether a quote in the column names joins rows to them: names have no separators, and rows as many cells."""
        names = [name for name in header.cells if "\n" in name or "\r" in name]
        has_separator = any(self._dialect.separator in name for name in names)
        return has_separator or (first is not None and not first.error and len(first.cells) != len(header.cells))

    def _has_values(self, place: int) -> bool:
        """Whether one of the first rows has a value in the column."""
        with self._source.open_text() as text:
            records = (one for one in self._parse(_Recorder(bounded_lines(text)), 0) if not one.is_blank)
            cells = (one.cells for one in islice(records, 1, _HEAD_RECORDS))
            return any(place < len(found) and bool(found[place].strip()) for found in cells)

    def _line(self, number: int, record: Record, before: Record | None, following: Record | None) -> Line:
        if record.error:
            _check_length(record, number)
            return _unusable(number, record, "", record.error)
        if record.stop > record.start and self._is_merged(record):
            return _unusable(number, record, "", _merged(record))
        if tuple(record.cells) == self._names:
            why = "the row repeats the column names, as in files that were joined; remove it"
            return _unusable(number, record, "", why)
        cells, width = record.cells, self._width
        is_padded = False
        if len(cells) > width and not any(cell.strip() for cell in cells[width:]):
            cells = cells[:width]
        if len(cells) < width:
            if problem := self._short(record, before, following):
                return _unusable(number, record, *problem)
            is_padded = True
            cells = [*cells, *[""] * (width - len(cells))]
        elif len(cells) == width:
            self._evidence.add(cells)
        else:
            return _unusable(number, record, "", self._too_long(len(cells)))
        return self._read(number, record, cells, is_padded=is_padded)

    def _read(self, number: int, record: Record, cells: list[str], *, is_padded: bool) -> Line:
        if len(self._used) < self._width:
            unnamed = {*range(self._width)} - {*self._used}
            if place := next((place for place in sorted(unnamed) if cells[place].strip()), None):
                why = f"cell {place + 1} has a value, and its column has no name; name the column or empty the cell"
                return _unusable(number, record, "", why)
            cells = [cells[place] for place in self._used]
        if self._is_ours:
            cells = [*map(unguarded, cells)]
        return Line(number, record.start, cells if any(cells) else (), None, is_padded)

    def _is_merged(self, record: Record) -> bool:
        """Whether a quote seems to have joined several rows: the quoted lines are rows, and others are not quoted."""
        place = next((place for place, cell in enumerate(record.cells) if "\n" in cell or "\r" in cell), None)
        if place is None:
            return False
        self._evidence.add_id(record.cells)
        # The last line of a first cell always has a cell for each column.
        lines = record.raw[1:] if place else record.raw[1:-1]
        if not look_like_rows(lines, self._dialect.separator, self._width, self._evidence):
            return False
        return not self._quotes_column(place)

    def _find_quotes_of_column(self, place: int) -> bool:
        """Whether every cell of a column is quoted, and one of them or the column's name need not be.

        Where no other row shows it, the column's name does.
        """
        with self._source.open_text() as text:
            records = (one for one in self._parse(_Recorder(bounded_lines(text)), 0) if not one.is_blank)
            header = [] if self._dialect.names else [one for one in islice(records, 1) if len(one.cells) > place]
            rows = [one for one in records if one.start == one.stop and len(one.cells) > place and one.cells[place]]
            free = [one for one in [*header, *rows] if not self._needs_quotes(one.cells[place])]
            is_free_quoted = any(is_quoted(one.cells, one.raw[0], place) for one in free)
            return is_free_quoted and all(is_quoted(one.cells, one.raw[0], place) for one in rows or header)

    def _needs_quotes(self, cell: str) -> bool:
        return self._dialect.separator in cell or '"' in cell

    def _short(self, record: Record, before: Record | None, following: Record | None) -> tuple[str, str] | None:
        """What is wrong with a row that has too few cells; None where only empty cells at its end are missing."""
        found = len(record.cells)
        counts = f"the row has {_count(found, 'cell')}, but the first line names {_count(self._width, 'column')}"
        missing = next((name for place, name in zip(self._used, self.columns, strict=True) if place >= found), "")
        if not self._has_inputs(record.cells):
            return missing, f"{counts}; add the missing ones, empty if need be"
        if following is None and not record.raw[-1].endswith(("\n", "\r")):
            return missing, f"{counts}, and the file ends there without a line end; check that it is complete"
        for first, second in ((before, record), (record, following)):
            if first is not None and second is not None and self._is_broken_row(first, second):
                return missing, f"{counts}; lines {first.start} and {second.stop} seem to be one row; join them"
        return None

    def _has_inputs(self, cells: list[str]) -> bool:
        filled = {
            own_name(name)
            for place, name in zip(self._used, self.columns, strict=True)
            if place < len(cells) and cells[place].strip()
        }
        return bool(filled & {"transcript", "text_file", "audio"}) and ("id" in filled or "audio" in filled)

    def _is_broken_row(self, first: Record, second: Record) -> bool:
        counts = len(first.cells), len(second.cells)
        is_whole = max(counts) < self._width and sum(counts) - 1 == self._width
        return is_whole and not self._evidence.is_id_like(second.cells, first.cells)

    def _too_long(self, found: int) -> str:
        return (
            f"the row has {_count(found, 'cell')}, but the first line names {_count(self._width, 'column')}; "
            f"a cell that contains a {self._dialect.separator_name} must be enclosed in double quotes"
        )


class _Recorder:
    """Physical lines: `count` were read, and `lines` holds those since it was last emptied."""

    def __init__(self, lines: Iterator[str]) -> None:
        self._source = lines
        self.count = 0
        self.lines: list[str] = []

    def __iter__(self) -> "_Recorder":
        return self

    def __next__(self) -> str:
        line = next(self._source)
        self.count += 1
        self.lines.append(line)
        return line


def bounded_lines(text: TextIO) -> Iterator[str]:
    """The lines of `text` with their ends, without the byte order marks with which joined files begin.

    Raises `Unreadable` at a line that is longer than a manifest can have.
    """
    place = 0
    while line := text.readline(MAX_CELL_CHARACTERS):
        place += 1
        if len(line) >= MAX_CELL_CHARACTERS and line[-1] not in "\r\n":
            raise Unreadable(
                f"line {place} is longer than {MAX_CELL_CHARACTERS:,} characters; split its text over rows"
            )
        yield line.removeprefix("\ufeff")


def _unusable(number: int, record: Record, column: str, why: str) -> Line:
    return Line(number, record.start, (), (column, why))


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'s' * (number != 1)}"


def _merged(record: Record) -> str:
    return (
        f"a double quote opened on line {record.start} would join the rows of lines {record.start} to {record.stop}; "
        'close it on its line or write "" for it, or enclose every cell of its column in quotes'
    )


def _check_length(record: Record, number: int) -> None:
    if record.error == _TOO_LONG:
        raise Unreadable(
            f"line {record.start}: a cell is longer than {MAX_CELL_CHARACTERS:,} characters; split its text over rows, "
            "or look for a double quote that is never closed",
            row=number,
        )


_TOO_LONG = "a cell is too long"


def _quote_problem(error: csv.Error, start: int, stop: int) -> str:
    if "field limit" in str(error):
        return _TOO_LONG
    span = f"on line {start}" if start >= stop else f"between line {start} and line {stop}"
    if "unexpected end" in str(error):
        return f'a double quote is opened {span} and never closed; close it, or write "" for a quote inside text'
    return f'a double quote {span} stands inside a quoted cell; write it twice ("") or remove it'
