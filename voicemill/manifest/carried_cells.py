"""The cells of columns that voicemill only copies to the tables."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from voicemill.manifest.problems import CellReport
from voicemill.manifest.text_cells import MAX_CHARACTERS, unusable_character

_LARGEST_TABLE_INTEGER = 1 << 63
_CONTROLS_AS_BLANKS = dict.fromkeys([*range(1, 32), *range(127, 160)], " ")


class CarriedCells:
    """Checks the copied cells of one manifest's rows. `places` maps their columns to the positions of the cells."""

    def __init__(self, places: Mapping[str, int]) -> None:
        self._places = tuple(places.items())

    def check(self, cells: Sequence[Any], report: CellReport) -> dict[str, Any]:
        """The values to copy, by column; adds problems of values that no table can store to `report`."""
        carried = {}
        for name, place in self._places:
            value = cells[place]
            if type(value) is not str:
                value = _storable(value)
            if type(value) is str:
                if len(value) > MAX_CHARACTERS:
                    report.problem(
                        name, f"the cell has {len(value):,} characters, but the limit is {MAX_CHARACTERS:,}; shorten it"
                    )
                elif not value.isprintable() and (why := _unusable(value)):
                    report.problem(name, why)
            carried[name] = value
        return carried


def _unusable(text: str) -> str:
    """The first problem of a text, in which control characters other than NUL are allowed; empty if there is none."""
    return unusable_character(text.translate(_CONTROLS_AS_BLANKS))


def _storable(value: object) -> object:
    if isinstance(value, list | dict | tuple):
        return json.dumps(value, ensure_ascii=False, default=str)
    if isinstance(value, int) and not -_LARGEST_TABLE_INTEGER <= value < _LARGEST_TABLE_INTEGER:
        return str(value)
    return value
