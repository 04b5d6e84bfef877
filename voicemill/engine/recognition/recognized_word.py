"""What a recogniser gives back."""

from typing import NamedTuple


class Word(NamedTuple):
    """One word, and when it was said, in seconds from the start of the file."""

    word: str
    start_s: float
    end_s: float
