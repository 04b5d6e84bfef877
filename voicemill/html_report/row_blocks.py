"""The rows of the report: narrow columns for the table, and everything else about a row in blocks of details."""

import math
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from voicemill.html_report.row_audio import AUDIO_COLUMNS, RowAudio
from voicemill.html_report.row_passages import RowPassages
from voicemill.store.tables.item_columns import Columns, WordsOfRow, words_by_row
from voicemill.store.tables.row_batches import RowBatch, row_batches

ROWS_PER_BLOCK: Final = 5_000
ROWS_PER_DETAIL: Final = 250
TABLE_COLUMNS: Final = (
    *("id", "status", "op", "transcript", "voice", "model", "language", "duration_s", "credits", "attempts", "calls"),
    *("latency_s", "word_error_rate", "verdict", "suspect", "error_class", "error_code", "file_name", "characters"),
)
"""The columns of `items.parquet` that the table of the page shows; a row's details hold all the others."""
_MOST_EXTRA_COLUMNS = 12
_EXTRA_TYPES = frozenset({"string", "int64", "int32", "double", "bool"})
_SEARCHED_CHARACTERS = 24_000_000
_LEAST_CHARACTERS = 200
_MOST_TEXT = 200_000
_MOST_WORDS = 20_000
_MOST_WORDS_IN_ALL = 4_000_000

Block = tuple[str, Any]
Json = dict[str, Any]
_Beside = tuple[WordsOfRow | None, list[Any]]
"""The words and the passages of a row."""


def text_limit(rows: int) -> int:
    """How many characters of each text the table holds, for display and search; details hold the whole text."""
    return max(_LEAST_CHARACTERS, _SEARCHED_CHARACTERS // max(1, rows))


def extra_columns(types: Mapping[str, str], known: frozenset[str]) -> list[str]:
    """The manifest's other columns, and those of other tools, that the table can show."""
    return [name for name, kind in types.items() if name not in known and kind in _EXTRA_TYPES][:_MOST_EXTRA_COLUMNS]


class RowBlocks:
    """The blocks of all rows, in table order. `rows` limits them to the rows of these positions."""

    def __init__(
        self,
        items: Path,
        words: Path | None,
        passages: RowPassages,
        audio: RowAudio,
        extra: Sequence[str],
        limit: int,
    ) -> None:
        self._items = items
        self._words = words_by_row(words) if words else iter(())
        self._next_words: WordsOfRow | None = next(self._words, None)
        self._words_left = _MOST_WORDS_IN_ALL
        self._passages = passages
        self._audio = audio
        self._extra = extra
        self._limit = limit

    def blocks(self, rows: frozenset[int] | None = None) -> Iterator[Block]:
        """Each block with its name: `rows-0`, `details-0`, `details-1`, … `rows-1`, …"""
        first = block = detail = 0
        for batch in row_batches(self._items, ROWS_PER_BLOCK):
            kept = [place for place in range(len(batch)) if rows is None or first + place in rows]
            if kept:
                yield f"rows-{block}", self._table(batch.rows(kept))
                block += 1
            beside = self._beside_rows(batch, frozenset(kept))
            for start in range(0, len(kept), ROWS_PER_DETAIL):
                places = kept[start : start + ROWS_PER_DETAIL]
                yield (
                    f"details-{detail}",
                    self._details(batch.rows(places), [first + place for place in places], beside),
                )
                detail += 1
            deque(beside, maxlen=0)
            first += len(batch)

    def _beside_rows(self, batch: RowBatch, kept: frozenset[int]) -> Iterator[_Beside]:
        """The words and passages of the kept rows; those of all rows are read, in table order."""
        values = batch.values(("id", "words"))
        for place, (row_id, count) in enumerate(zip(values["id"], values["words"], strict=True)):
            beside = self._words_of(str(row_id), count), self._passages.of_row(str(row_id))
            if place in kept:
                yield beside

    def _table(self, rows: RowBatch) -> dict[str, Any]:
        wanted = rows.values(name for name in (*TABLE_COLUMNS, *self._extra) if name in rows.names)
        wanted["transcript"] = [_start(text, self._limit) for text in wanted["transcript"]]
        wanted["suspect"] = ["|".join(flags or ()) or None for flags in wanted["suspect"]]
        for name in self._extra:
            wanted[name] = [_start(value, _LEAST_CHARACTERS) for value in wanted[name]]
        return {name: _packed(values) for name, values in wanted.items()}

    def _details(self, rows: RowBatch, places: Sequence[int], beside: Iterator[_Beside]) -> list[dict[str, Any]]:
        shown = rows.values(name for name in rows.names if _is_detail(name) and rows.has_values(name))
        audio = rows.values(AUDIO_COLUMNS)
        return [
            self._detail(_at(shown, number), self._audio.of_row(place, _at(audio, number)), *next(beside))
            for number, place in enumerate(places)
        ]

    def _detail(self, row: Json, audio: Json, words: WordsOfRow | None, passages: list[Any]) -> Json:
        fields = {name: _start(value, _MOST_TEXT) for name, value in row.items() if value is not None and value != []}
        detail: dict[str, Any] = {"fields": fields, **audio}
        if words is not None:
            detail["words"] = [words.words, _steps(words.starts_ms), _steps(words.ends_ms)]
        if passages:
            detail["passages"] = passages
        return detail

    def _words_of(self, row_id: str, count: int | None) -> WordsOfRow | None:
        if count is None or self._next_words is None or self._next_words.id != row_id:
            return None
        words, self._next_words = self._next_words, next(self._words, None)
        self._words_left -= len(words.words)
        return words if len(words.words) <= _MOST_WORDS and self._words_left >= 0 else None


def _at(columns: Columns, number: int) -> Json:
    return {name: values[number] for name, values in columns.items()}


def _is_detail(name: str) -> bool:
    """Whether details show a column: one that the table does not show, or shortens."""
    return name != "fingerprint" and (name not in TABLE_COLUMNS or name == "transcript")


def _start(value: Any, limit: int) -> Any:  # noqa: ANN401 - any cell
    """The start of a text; an infinite number, which JSON cannot express, as a text."""
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    return value[:limit] if isinstance(value, str) else value


def _steps(values: Sequence[int]) -> list[int]:
    """Differences between neighbors: they compress to a third of the values."""
    return [value - before for before, value in zip((0, *values), values, strict=False)]


def _packed(values: list[Any]) -> Any:  # noqa: ANN401 - JSON
    """A column; with few distinct values, as a list of them and an index for each row."""
    if float in set(map(type, values)):
        return [round(value, 4) if isinstance(value, float) else value for value in values]
    distinct = dict.fromkeys(values)
    if not distinct or len(distinct) > 200 or len(distinct) * 4 > len(values):
        return values
    index = {value: number for number, value in enumerate(distinct)}
    return {"values": list(distinct), "index": [index[value] for value in values]}
