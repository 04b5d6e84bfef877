"""One pass over the rows of a table that groups those that deserve attention, with little memory for each row."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from voicemill.model import State, Status
from voicemill.store.tables.item_columns import Columns, text_batches

MOST_LISTED: Final = 2_000
_TEXTS: Final = ("status", "op", "voice", "error_class", "error_code", "error_message", "suspect", "verdict")
_ROWS_WITH_MESSAGES: Final = 500


@dataclass(slots=True)
class Places:
    """Positions of rows in the table: how many there are, and the first 2,000 of them."""

    count: int = 0
    first: list[int] = field(default_factory=list)

    def add(self, place: int) -> None:
        """Add a position."""
        self.count += 1
        if self.count <= MOST_LISTED:
            self.first.append(place)


@dataclass(slots=True)
class Unfinished:
    """Unfinished rows with one reason, and the messages of the first 500, each once."""

    places: Places = field(default_factory=Places)
    messages: dict[str, None] = field(default_factory=dict)

    def add(self, place: int, message: str | None) -> None:
        """Add a row."""
        self.places.add(place)
        if message and self.places.count <= _ROWS_WITH_MESSAGES:
            self.messages[message] = None


class Categories:
    """A column with few distinct texts, as one small number for each row."""

    def __init__(self) -> None:
        self._number_of: dict[str, int] = {}
        self._parts: list[NDArray[np.int32]] = []

    def add(self, values: Sequence[str | None]) -> None:
        """Add the values of some rows; null counts as the empty text."""
        numbers = (self._number_of.setdefault(value or "", len(self._number_of)) for value in values)
        self._parts.append(np.fromiter(numbers, np.int32, len(values)))

    def numbers(self) -> NDArray[np.int32]:
        """The number of the value of each row; shape (rows,)."""
        return np.concatenate([np.empty(0, np.int32), *self._parts])

    def number_of(self, value: str) -> int:
        """The number of a value, -1 if no row has it."""
        return self._number_of.get(value, -1)


class ScannedRows:
    """The groups of the rows of `items.parquet`, by position. Raises `TableDamaged`."""

    def __init__(self, items: Path) -> None:
        self.unfinished: dict[tuple[str, str, str], Unfinished] = defaultdict(Unfinished)
        """By status, error class and error code."""
        self.flagged: dict[str, Places] = defaultdict(Places)
        self.inconclusive = Places()
        self.ops, self.voices = Categories(), Categories()
        done: list[NDArray[np.bool_]] = [np.empty(0, bool)]
        start = 0
        for columns in text_batches(items, _TEXTS):
            self._add(start, columns)
            done.append(np.array([status == Status.DONE for status in columns["status"]], bool))
            start += len(columns["status"])
        self.is_done = np.concatenate(done)

    def _add(self, start: int, columns: Columns) -> None:
        self.ops.add(columns["op"])
        self.voices.add(columns["voice"])
        for place, row in enumerate(_rows(columns), start):
            status, error_class, code, message, flags, verdict = row
            if status != Status.DONE:
                self.unfinished[str(status), error_class or "", code or ""].add(place, message)
            for flag in flags or ():
                self.flagged[flag].add(place)
            if verdict == State.INCONCLUSIVE:
                self.inconclusive.add(place)


def _rows(columns: Columns) -> Iterable[tuple[Any, ...]]:
    names = ("status", "error_class", "error_code", "error_message", "suspect", "verdict")
    return zip(*(columns[name] for name in names), strict=True)
