"""A word and when it is said."""

from typing import NamedTuple


class Word(NamedTuple):
    """A word with its start and end, in seconds from the start of its recording."""

    word: str
    start_s: float
    end_s: float
