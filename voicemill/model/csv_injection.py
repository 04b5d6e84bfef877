"""Protection against CSV injection: an apostrophe is put before cells that a spreadsheet would evaluate as formulas.

`unguarded(guarded(text)) == text` for every text: text that already begins with apostrophes and a formula character
gets one more apostrophe, so the added one is always recognized.
"""

import re
from collections.abc import Collection
from typing import Any, Final

FAILURE_COLUMNS: Final = ("status", "error_class", "error_code", "error_message")
"""The columns that `failures.csv` adds to those of a manifest."""

METADATA_COLUMNS: Final = frozenset({"file_name", "id", "transcript", "duration_s", "sample_rate_hz", "sha256"})
"""Columns that occur together only in a `metadata.csv` of voicemill."""

# OWASP, "CSV Injection", with the full-width forms that East Asian spreadsheets treat as the same characters.
_FORMULA = re.compile("'*[=+\\-@\t\r\n\0＝＋－＠]")
_MARKED = re.compile("'+[=+\\-@\t\r\n\0＝＋－＠]")


def guarded(cell: Any) -> Any:  # noqa: ANN401 - cells are of any type
    """The cell to write: text that a spreadsheet would evaluate gets a leading apostrophe."""
    return f"'{cell}" if isinstance(cell, str) and _FORMULA.match(cell) else cell


def unguarded(text: str) -> str:
    """The text of a cell as it was before `guarded`."""
    return text[1:] if _MARKED.match(text) else text


def is_guarded(columns: Collection[str]) -> bool:
    """Whether voicemill wrote the CSV file that has these columns, so that its cells are guarded."""
    return set(FAILURE_COLUMNS) <= set(columns) or set(columns) >= METADATA_COLUMNS
