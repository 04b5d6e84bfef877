"""The dialect of a CSV or TSV file: its separator, its line of column names, and how it uses double quotes."""

import csv
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Final

from voicemill.manifest.columns import knows

SEPARATORS: Final = {",": "comma", ";": "semicolon", "\t": "tab", "|": "vertical bar"}
"""The separators that are recognized, with their names."""

_SEPARATOR_LINE = re.compile(r"\"?sep=(.)\"?\s*", re.IGNORECASE)
_ABOVE_NAMES = re.compile(r"\"?sep=.\"?\s*|;;.*|[,;|\s]*[,;|][,;|\s]*", re.IGNORECASE)
"""Excel's line with the separator, a comment, or a row of a spreadsheet whose cells are empty."""
_LINE_END = re.compile(r"\r\n|\n|\r")
_LITERAL_QUOTES: Final = frozenset("\t|")
"""Common Voice and LJSpeech separate cells with these and write quotes as plain text."""
_LINES_COMPARED: Final = 200


@dataclass(frozen=True, slots=True)
class Dialect:
    """How a file separates its cells.

    `lines_above` counts the physical lines before the first data row. `names` are given where the file has no line of
    column names. With `literal_quotes`, a double quote is text unless it encloses a whole cell.
    """

    separator: str
    lines_above: int = 1
    names: tuple[str, ...] = ()
    literal_quotes: bool = False

    @property
    def separator_name(self) -> str:
        """The separator as messages name it."""
        return SEPARATORS.get(self.separator, repr(self.separator))

    @property
    def decimal_comma(self) -> bool:
        """Whether numbers may be written as `1,5`: Excel does so wherever it separates with semicolons."""
        return self.separator == ";"

    @property
    def name(self) -> str:
        """A description for the summary; empty for plain CSV and TSV."""
        if self.names:
            return f"separated by {self.separator_name}s, without column names: {', '.join(self.names)}"
        return "" if self.separator in ",\t" else f"separated by {self.separator_name}s"


def detect(head: str, file_name: str) -> Dialect:
    """The dialect of a file that begins with `head`; a separator is chosen by the column names that it gives."""
    physical = _LINE_END.split(head)
    above = _lines_above_names(physical)
    lines = [line for line in physical[above:] if line.strip()]
    separator_line = next((line for line in physical if line.strip()), "")
    if found := _SEPARATOR_LINE.fullmatch(separator_line):
        return Dialect(found[1], lines_above=above + 1)
    if not lines:
        return Dialect(",")
    is_tsv = file_name.lower().endswith((".tsv", ".tab")) or lines[0].count("\t") > lines[0].count(",")
    order = sorted(SEPARATORS, key=lambda separator: separator != ("\t" if is_tsv else ","))
    best = max(order, key=lambda separator: _known_names(lines, separator))
    if _known_names(lines, best) or "|" not in lines[0]:
        return Dialect(best, above + 1)
    is_whole = head.endswith(("\n", "\r")) or len(lines) == 1
    return _without_names(lines[:_LINES_COMPARED] if is_whole else lines[:-1][:_LINES_COMPARED]) or Dialect(best)


def _lines_above_names(lines: Iterable[str]) -> int:
    """The number of physical lines up to the last one above the column names that states no names."""
    above = 0
    for place, line in enumerate(lines, start=1):
        if _ABOVE_NAMES.fullmatch(line.removeprefix("\ufeff")):
            above = place
        elif line.strip():
            break
    return above


def _known_names(lines: Sequence[str], separator: str) -> int:
    try:
        names = next((cells for cells in csv.reader([f"{line}\n" for line in lines], delimiter=separator) if cells), [])
    except csv.Error:
        return 0
    return sum(map(knows, names))


def _without_names(lines: Sequence[str]) -> Dialect | None:
    """LJSpeech's `id|text` or `id|text|normalized text`, Piper's `id|speaker|text`; None for anything else."""
    rows = [line.split("|") for line in lines]
    widths = {len(cells) for cells in rows}
    if widths not in ({2}, {3}) or any(not cells[0].strip() or " " in cells[0].strip() for cells in rows):
        return None
    first = "audio" if all(re.search(r"\.\w{2,4}$", cells[0]) for cells in rows) else "id"
    if widths == {2}:
        return Dialect("|", 0, (first, "transcript"))
    is_speaker = all(" " not in cells[1].strip() for cells in rows)
    return Dialect("|", 0, (first, *(("speaker", "transcript") if is_speaker else ("transcript", "normalized_text"))))


def unquoted(cell: str) -> str:
    """A cell whose quotes are literal, without those that enclose all of it."""
    inner = cell[1:-1]
    is_quoted = len(cell) > 1 and cell[0] == cell[-1] == '"' and '"' not in inner.replace('""', "")
    return inner.replace('""', '"') if is_quoted else cell


def has_literal_quotes(lines: Iterable[str], dialect: Dialect, width: int) -> bool:
    """Whether the double quotes of a file are text: each line is a whole row, and one of them has a lone quote.

    A file that quotes its column names uses quotes to enclose cells.
    """
    if dialect.separator not in _LITERAL_QUOTES:
        return False
    rest, found = iter(lines), False
    above = [line.rstrip("\r\n").split(dialect.separator) for line in islice(rest, dialect.lines_above)]
    if above and all(unquoted(name) != name for name in above[-1]):
        return False
    for line in rest:
        body = line.rstrip("\r\n")
        if not body.strip():
            continue
        cells = body.split(dialect.separator)
        if len(cells) != width:
            return False
        found = found or ('"' in body and any(_has_lone_quote(cell) for cell in cells))
    return found


def _has_lone_quote(cell: str) -> bool:
    return cell.startswith('"') and unquoted(cell) == cell
