"""Cells of CSV files that a spreadsheet would take for formulas: marked with an apostrophe, and the mark taken off.

`unguarded(guarded(text)) == text` for every text: what begins with apostrophes and then with such a character gets one
more, so a mark is never taken for text nor text for a mark.
"""

import re
from typing import Any

FAILURE_COLUMNS = ("status", "error_class", "error_code", "error_message")
"""What `failures.csv` says besides being a manifest; a CSV file with all of them is read as one that we wrote."""

# OWASP, "CSV Injection", with the full-width forms that spreadsheets of East Asia take for the others.
_FORMULA = re.compile("'*[=+\\-@\t\r\n\0＝＋－＠]")
_MARKED = re.compile("'+[=+\\-@\t\r\n\0＝＋－＠]")


def guarded(cell: Any) -> Any:  # noqa: ANN401 - cells are of any type
    """A cell as it is written: text that a spreadsheet would calculate begins with an apostrophe."""
    return f"'{cell}" if isinstance(cell, str) and _FORMULA.match(cell) else cell


def unguarded(text: str) -> str:
    """The text of a cell as it was before `guarded`."""
    return text[1:] if _MARKED.match(text) else text
