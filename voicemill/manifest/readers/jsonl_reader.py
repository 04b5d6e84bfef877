"""JSON Lines: an object on each line; its keys are the columns."""

import json
from collections.abc import Iterator
from typing import Any, Final

from voicemill.manifest.readers.byte_source import Source
from voicemill.manifest.readers.csv_reader import bounded_lines
from voicemill.manifest.readers.manifest_line import Line, Unreadable

MAX_COLUMNS: Final = 1000
_HEAD_CHARACTERS: Final = 1 << 20


class JsonLinesReader:
    """A JSONL file. The columns are the keys of all lines, in the order in which they first occur."""

    lines_above = 0
    dialect = ""
    decimal_comma = False

    def __init__(self, source: Source) -> None:
        self._source = source
        self.columns: tuple[str, ...] = self._all_keys()

    def lines(self) -> Iterator[Line]:
        """The objects in order; empty lines are skipped and not counted."""
        for number, (place, text) in enumerate(self._texts(), start=1):
            try:
                values = _parse(text)
            except _NotAnObject as error:
                yield Line(number, place, (), ("", str(error)))
            else:
                yield Line(number, place, [values.get(name) for name in self.columns])

    def _texts(self) -> Iterator[tuple[int, str]]:
        with self._source.open_text() as text:
            for place, line in enumerate(bounded_lines(text), start=1):
                if not line.isspace():
                    yield place, line

    def _all_keys(self) -> tuple[str, ...]:
        with self._source.open_text() as file:
            _refuse_indented(file.read(_HEAD_CHARACTERS))
        names: dict[str, None] = {}
        for place, text in self._texts():
            try:
                names.update(dict.fromkeys(_parse(text)))
            except _NotAnObject:
                continue
            if len(names) > MAX_COLUMNS:
                raise Unreadable(
                    f"by line {place} there are more than {MAX_COLUMNS} different names; "
                    "give all lines the same names, and put the rest into values"
                )
        return tuple(names)


def _refuse_indented(head: str) -> None:
    """Raise `Unreadable` if the first object spans several lines."""
    first = head.lstrip().partition("\n")[0]
    try:
        _, end = json.JSONDecoder().raw_decode(head.lstrip())
    except (ValueError, RecursionError):
        return
    if end > len(first):
        raise Unreadable(
            "this is pretty-printed JSON, whose objects span several lines; write each object on one line, "
            "for example with: jq -c . FILE"
        )


class _NotAnObject(Exception):
    pass


def _parse(text: str) -> dict[str, Any]:
    try:
        values = _DECODER.decode(text)
    except json.JSONDecodeError as error:
        reason = "the line is incomplete" if error.pos >= len(text.rstrip()) else error.msg[:1].lower() + error.msg[1:]
        raise _NotAnObject(f"this is not JSON: {reason}, at character {error.pos + 1}; correct the line") from None
    except RecursionError:
        raise _NotAnObject("the values are nested too deeply; write plain values") from None
    except ValueError:
        raise _NotAnObject("a number has more digits than can be read; write it as text, in quotes") from None
    if not isinstance(values, dict):
        raise _NotAnObject('each line must be one object, such as {"id": "1", "transcript": "Hello"}')
    return values


def _once_each(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    values = dict(pairs)
    if len(values) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise _NotAnObject(f"the name {twice[:80]!r} occurs twice in this line; remove or rename one")
    return values


def _no_constant(name: str) -> None:
    raise _NotAnObject(f"{name} is not a JSON value; write a number, a text in quotes or null")


_DECODER = json.JSONDecoder(object_pairs_hook=_once_each, parse_constant=_no_constant)
