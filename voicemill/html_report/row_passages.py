"""The checked passages of rows, as the details of a row show them."""

from pathlib import Path
from typing import Any, Final

from voicemill.model import State
from voicemill.store.tables.passage_rows import Line, notable_passages

_MOST_PASSAGES: Final = 5_000
_MOST_TEXT: Final = 300


class RowPassages:
    """The passages of rows that are requested in table order."""

    def __init__(self, path: Path) -> None:
        self._rows = notable_passages(path) if path.is_file() else iter(())
        self._next = next(self._rows, None)

    def of_row(self, row_id: str) -> list[dict[str, Any]]:
        """The passages of a row; empty for a row without a check, and for one good passage that was no retake."""
        if self._next is None or self._next[0] != row_id:
            return []
        lines, self._next = self._next[1], next(self._rows, None)
        return [_shown(line) for line in lines[:_MOST_PASSAGES]]


def _shown(line: Line) -> dict[str, Any]:
    """A passage without empty fields; `ok` and the first take are left out as well."""
    seconds = {name: _rounded(line[name]) for name in ("start_s", "end_s")}
    why = [finding | {name: _rounded(finding[name]) for name in ("start_s", "end_s")} for finding in line["why"] or ()]
    verdict = line["verdict"] if line["verdict"] != State.OK else ""
    fields = {"speaker": line["speaker"], "take": line["take"], "verdict": verdict, "why": why}
    text = line["text"][:_MOST_TEXT]
    return {"number": line["passage"], "text": text, **seconds} | {
        name: value for name, value in fields.items() if value
    }


def _rounded(seconds: float | None) -> float | None:
    return None if seconds is None else round(seconds, 2)
