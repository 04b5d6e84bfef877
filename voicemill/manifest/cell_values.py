"""The text of cells: CSV cells are text, Parquet and JSON cells have types."""

import math
import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Final

from voicemill.manifest.problems import CellReport

DECIMALS: Final = frozenset({"speed", "from_s", "to_s", "duration"})
"""Columns of numbers that may have decimals."""
_NUMBERS = DECIMALS | {"sample_rate", "bit_rate"}
_DECIMAL_COMMA = re.compile(r"\s*[+-]?\d+,\d+\s*")
_TRUTHS = frozenset({"timestamps", "splice"})
_LISTS = frozenset({"emotion", "output_format"})


def as_text(value: object, column: str, report: CellReport) -> str:
    """The text of a cell of another type; empty, and a problem, if the type does not fit the column."""
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return ""
    if isinstance(value, str):
        return value
    if isinstance(value, bool) and column in _TRUTHS:
        return str(value).lower()
    if isinstance(value, bool):
        return _refused(column, f"this is {str(value).lower()}, not text; write it in quotes", report)
    if isinstance(value, int):
        return str(value)
    if isinstance(value, float | Decimal):
        return _from_fraction(value, column, report)
    if isinstance(value, bytes):
        return _from_bytes(value, column, report)
    if isinstance(value, list) and column in _LISTS and all(isinstance(item, str) for item in value):
        return ", ".join(value)
    kind = "a list" if isinstance(value, list) else "nested" if isinstance(value, dict) else type(value).__name__
    return _refused(column, f"this is {kind}, not text; write plain text", report)


def embedded_audio(value: object) -> Mapping[str, Any] | None:
    """The value of a Parquet cell that holds audio as Hugging Face data sets do; None for any other value."""
    if isinstance(value, dict) and value.keys() & {"bytes", "path"} and value.keys() <= _AUDIO_FIELDS:
        return value
    return None


_AUDIO_FIELDS: Final = {"bytes", "path", "array", "sampling_rate"}


def with_decimal_point(text: str) -> str:
    """A number with its decimal comma replaced by a point; any other text unchanged."""
    return text.replace(",", ".") if _DECIMAL_COMMA.fullmatch(text) else text


def _from_fraction(value: float | Decimal, column: str, report: CellReport) -> str:
    if isinstance(value, Decimal) or column in _NUMBERS:
        if value == value // 1:
            return str(int(value))
        if column in _NUMBERS:
            return str(value)
    return _refused(
        column, f"this is {value}, a number with decimals, which may not be exact; write it as text", report
    )


def _from_bytes(value: bytes, column: str, report: CellReport) -> str:
    try:
        return value.decode()
    except UnicodeDecodeError:
        return _refused(column, "this is binary data, not text; write text in UTF-8", report)


def _refused(column: str, why: str, report: CellReport) -> str:
    report.problem(column, why)
    return ""
