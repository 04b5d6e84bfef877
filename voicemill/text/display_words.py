"""Words as displayed in their text: services return words without punctuation and capitals, which readers expect."""

import re
import unicodedata
from collections.abc import Iterator, Sequence

from voicemill.model import Word

PARAGRAPH = "\n"
"""Replaces the space before a word that begins a paragraph."""
_SPACES = re.compile(r"\s+")
_BLANK_LINE = re.compile(r"\n[^\S\n]*\n")
_BARE = re.compile(r"^\W+|\W+$")
_FARTHEST = 60
"""How many characters may precede the next word in the text; a word that is further away is not in the text."""
_PER_WORD = 12
"""Additional characters for each preceding word that was not found."""
_OPENING = ("Ps", "Pi")


def worded(words: Sequence[Word], text: str) -> tuple[Word, ...]:
    """The words with the punctuation and spaces of `text`, so that joined they equal the text.

    A word that the text does not contain is unchanged; text that is not among the words is left out.
    """
    spaces = " " if len(words) < 2 or not text or _SPACES.search(text.strip()) else ""
    places = list(places_of(words, text))
    heads, tails = _around(places, text)
    return tuple(
        Word(_head(head, spaces, is_first=not index) + _form(word, place, text) + tail, word.start_s, word.end_s)
        for index, (word, place, head, tail) in enumerate(zip(words, places, heads, tails, strict=True))
    )


def _head(head: str | None, spaces: str, *, is_first: bool) -> str:
    if head is None:
        return spaces
    return " " + head.lstrip() if is_first else head


def _form(word: Word, place: tuple[int, int] | None, text: str) -> str:
    return text[slice(*place)] if place else _SPACES.sub(" ", word.word).strip()


def places_of(words: Sequence[Word], text: str) -> Iterator[tuple[int, int] | None]:
    """The position of each word in the text, in order; None for a word that it does not contain."""
    lower = _lower(text)
    position = missed = 0
    for word in words:
        bare = _lower(_BARE.sub("", word.word))
        found = _find(bare, lower, position, _FARTHEST + _PER_WORD * missed) if bare else None
        if found is None:
            missed += 1
            yield None
        else:
            position, missed = found + len(bare), 0
            yield found, position


def _lower(text: str) -> str:
    """The text in lower case with the same length, because some letters have lower-case forms of two characters."""
    lower = text.lower()
    if len(lower) == len(text):
        return lower
    return "".join(one if len(one.lower()) != 1 else one.lower() for one in text)


def _find(bare: str, text: str, position: int, farthest: int) -> int | None:
    last = min(len(text), position + farthest + len(bare))
    found = text.find(bare, position, last)
    while found >= 0:
        stop = found + len(bare)
        is_whole = not text[found - 1 : found].isalnum() and not text[stop : stop + 1].isalnum()
        if is_whole or not any(map(str.isalnum, text[position:found])):
            return found
        found = text.find(bare, found + 1, last)
    return None


def _around(places: Sequence[tuple[int, int] | None], text: str) -> tuple[list[str | None], list[str]]:
    """The characters before and after each word: closing marks belong to the word before, opening ones to the next."""
    heads: list[str | None] = [None] * len(places)
    tails = [""] * len(places)
    before: int | None = None
    stop = 0
    for index, place in enumerate(places):
        if place is None:
            continue
        tail, heads[index] = _parted(text[stop : place[0]], at_start=before is None)
        if before is not None:
            tails[before] = tail
        before, stop = index, place[1]
    if before is not None:
        tails[before] = _parted(text[stop:] + " ")[0]
    return heads, tails


def _parted(gap: str, *, at_start: bool = False) -> tuple[str, str]:
    if any(map(str.isalnum, gap)):  # words of the text that the service did not return
        tail, *_, head = _SPACES.split(gap) if _SPACES.search(gap) else ("", "")
        return _unless_a_word(tail), _space(gap) + _unless_a_word(head)
    before, *others = _BLANK_LINE.split(gap)
    if others:  # A line of symbols between paragraphs, such as a scene break, belongs to neither of them.
        return "" if at_start else _SPACES.sub(" ", before).rstrip(), PARAGRAPH + _SPACES.sub(" ", others[-1]).lstrip()
    cut = 0 if at_start else _cut(gap)
    return _SPACES.sub(" ", gap[:cut]).rstrip(), _SPACES.sub(_space(gap), gap[cut:])


def _space(gap: str) -> str:
    return PARAGRAPH if _BLANK_LINE.search(gap) else " "


def _unless_a_word(text: str) -> str:
    return "" if any(map(str.isalnum, text)) else text


def _cut(gap: str) -> int:
    """The position before the last space or, without one, before opening punctuation."""
    spaces = [match.start() for match in _SPACES.finditer(gap)]
    if spaces:
        return spaces[-1]
    return next((index for index, one in enumerate(gap) if unicodedata.category(one) in _OPENING), len(gap))
