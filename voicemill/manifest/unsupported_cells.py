"""Cells with which other formats choose a part of a recording, and which are not supported: they are problems."""

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

from voicemill.manifest.passage_names import passage_name
from voicemill.manifest.problems import CellReport
from voicemill.model import Recording

_TIME_RANGES: Final = frozenset(
    {"segment", "range", "time_range", "interval", "span", "timestamp", "time", "times", "passage"}
)
_CHANNELS: Final = frozenset({"channel", "channel_id", "channel_selector", "audio_channel"})
_TIME: Final = r"((?:\d+:){0,2}\d+(?:[.,]\d+)?)\s*s?"
_RANGE: Final = re.compile(rf"[\[(]?\s*{_TIME}\s*(?:-+>?|\u2013|,|;|\.\.|to)\s*{_TIME}\s*[\])]?")


class UnsupportedCells:
    """Finds such cells among the `carried` columns: without a problem, the whole recording would be used."""

    def __init__(self, carried: Mapping[str, int]) -> None:
        self._ranges = [(name, place) for name, place in carried.items() if name.strip().casefold() in _TIME_RANGES]
        self._channels = [(name, place) for name, place in carried.items() if name.strip().casefold() in _CHANNELS]

    def check(self, cells: Sequence[Any], audio: Recording, report: CellReport) -> None:
        """Report the start and the end of a passage in one cell, and the choice of a channel."""
        for name, place in self._ranges:
            if is_time_range(cells[place]):
                why = "a passage in one cell is not supported"
                report.problem(
                    name, f"{why}; write columns from_s and to_s, or rename this one if it means something else"
                )
        for name, place in self._channels:
            if audio.channels > 1 and cells[place] not in (None, ""):
                why = f"the recording has {audio.channels} channels, and the choice of one is not supported"
                report.problem(name, f"{why}; write the channel to another file, or remove the column")


def is_time_range(value: object) -> bool:
    """Whether a cell holds the start and the end of a passage: a list, an object, or a text such as `1.5 - 2.5`."""
    if isinstance(value, Mapping):
        names = {name.meaning for name in map(passage_name, map(str, value)) if name}
        return bool(names & {"from_s", "to_s"})
    if isinstance(value, str):
        found = _RANGE.fullmatch(value.strip())
        return found is not None and _seconds(found[1]) < _seconds(found[2])
    return isinstance(value, list | tuple) and len(value) == 2 and all(isinstance(one, int | float) for one in value)


def _seconds(time: str) -> float:
    seconds = 0.0
    for part in time.replace(",", ".").split(":"):
        seconds = seconds * 60 + float(part)
    return seconds
