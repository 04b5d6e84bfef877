"""The grammar of a passage: each unit is said once; rarely not at all, or twice."""

from collections.abc import Sequence
from functools import cache

_ONCE, _NEVER_OR_TWICE = 0.9, 1e-5


def jsgf(units: Sequence[Sequence[str]]) -> str:
    """The grammar of a passage with these units of words, in JSpeech Grammar Format."""
    rules = [f"<unit{number}> = {' '.join(words)};" for number, words in enumerate(units)]
    body = " ".join(_choice(number) for number in range(len(units)))
    return "\n".join(["#JSGF V1.0;", "grammar passage;", f"public <passage> = {body};", *rules, ""])


def _choice(number: int) -> str:
    unit, rare = f"<unit{number}>", f"/{_NEVER_OR_TWICE:g}/"
    return f"( /{_ONCE:g}/ {unit} | {rare} <NULL> | {rare} {unit} {unit} )"


Times = tuple[tuple[int, ...], ...]
"""For each unit, the position of the first word of each time that it is said; empty if it is missing."""

_Path = tuple[int, Times]
"""The number of units that are said once, and their times."""


def read(words: Sequence[str], units: Sequence[Sequence[str]]) -> Times | None:
    """The path of recognized `words` through the grammar, None if they do not reach its end.

    Of several paths, the one with most units said once.
    """
    spoken, texts = tuple(words), [tuple(unit) for unit in units]

    @cache
    def rest(position: int, number: int) -> _Path | None:
        if number == len(texts):
            return (0, ()) if position == len(spoken) else None
        unit = texts[number]
        found: list[_Path] = []
        for count in (1, 0, 2):
            end = position + len(unit) * count
            if spoken[position:end] == unit * count and (after := rest(end, number + 1)):
                starts = tuple(range(position, end, len(unit)))
                found.append((after[0] + (count == 1), (starts, *after[1])))
        return max(found, key=lambda path: path[0]) if found else None

    path = rest(0, 0)
    return None if path is None else path[1]
