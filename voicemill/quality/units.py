"""The units of a passage that may be left out or repeated: its sentences, as words to recognize."""

import re
from typing import Final

from sentencex import segment

from voicemill.model.service_tags import without_tags

FEWEST_WORDS: Final = 4
"""Shorter sentences join the next one: two words alone are too easily taken for absent."""

_MOST_WORDS: Final = 40
_WORD: Final = re.compile(r"[$£€]?[^\W_]+(?:['’.,:][^\W_]+)*[%°]?")
_JOINED: Final = re.compile(r"(?<=\w)[-‐‑–—/]+(?=\w)")


def units_of(text: str, language: str = "en") -> list[list[str]]:
    """The words of each unit, lower-case, in order. Punctuation and the service's tags are left out."""
    units: list[list[str]] = []
    for sentence in segment(language, " ".join(without_tags(text).split())):
        words = words_of(sentence)
        if words and units and len(units[-1]) < FEWEST_WORDS:
            units[-1] += words
        elif words:
            units.append(words)
    if len(units) > 1 and len(units[-1]) < FEWEST_WORDS:
        last = units.pop()
        units[-1] += last
    return [part for unit in units for part in _parts(unit)]


def words_of(text: str) -> list[str]:
    """The words of a text, lower-case. The parts of a compound are words; amounts keep their signs."""
    return [found.replace("’", "'").casefold() for found in _WORD.findall(_JOINED.sub(" ", text))]


def _parts(words: list[str]) -> list[list[str]]:
    """A very long sentence in parts of about equal length."""
    count = -(-len(words) // _MOST_WORDS)
    size = -(-len(words) // count)
    return [words[start : start + size] for start in range(0, len(words), size)]
