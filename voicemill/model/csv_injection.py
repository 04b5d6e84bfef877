"""CSV injection: cells that a spreadsheet would calculate are marked with an apostrophe, and the mark is removed again.

`unguarded(guarded(text)) == text` for every text: text that begins with apostrophes and such a character gets one more
apostrophe, so a mark is never confused with the text.
"""

import re
from collections.abc import Collection
from typing import Any, Final

FAILURE_COLUMNS: Final = ("status", "error_class", "error_code", "error_message")
"""The columns that `failures.csv` adds to those of a manifest."""

METADATA_COLUMNS: Final = frozenset({"file_name", "id", "transcript", "duration_s", "sample_rate_hz", "sha256"})
"""Columns that, together, only our `metadata.csv` has."""

# OWASP, "CSV Injection", with the full-width forms that East Asian spreadsheets treat as the same characters.
_FORMULA = re.compile("'*[=+\\-@\t\r\n\0＝＋－＠]")
_MARKED = re.compile("'+[=+\\-@\t\r\n\0＝＋－＠]")


def guarded(cell: Any) -> Any:  # noqa: ANN401 - cells are of any type
    """A cell as it is written: text that a spreadsheet would calculate begins with an apostrophe."""
    return f"'{cell}" if isinstance(cell, str) and _FORMULA.match(cell) else cell


def unguarded(text: str) -> str:
    """The text of a cell as it was before `guarded`."""
    return text[1:] if _MARKED.match(text) else text


def is_guarded(columns: Collection[str]) -> bool:
    """Whether a CSV file with these columns is one that we wrote, with marked cells."""
    return set(FAILURE_COLUMNS) <= set(columns) or set(columns) >= METADATA_COLUMNS
