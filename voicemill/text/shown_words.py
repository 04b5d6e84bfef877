"""Word timestamps of a text with pronunciations: the times of the sent words with the words to show."""

from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import NamedTuple

from voicemill.model import Word
from voicemill.text.display_words import places_of


class Shown(NamedTuple):
    """A replaced passage of the sent text, from `start` to `stop`, and the words to show for it."""

    start: int
    stop: int
    words: str


class _Placed(NamedTuple):
    word: Word
    place: tuple[int, int] | None
    passage: int
    """The number of the replaced passage that contains the word; otherwise a unique negative number."""


def shown_words(words: Sequence[Word], sent: str, passages: Sequence[Shown]) -> list[Word]:
    """The words to show: for each replaced passage, its shown words instead of the sent ones.

    The words of a passage share its time in proportion to their length. If the service returned no time for a passage,
    its words get the time between their neighbors.
    """
    found: list[Word] = []
    waiting = list(range(len(passages)))
    placed = list(_placed(words, sent, passages))
    for passage, group in groupby(placed, lambda each: each.passage):
        members = list(group)
        before = _first_place(members)
        while waiting and passage < 0 and before is not None and passages[waiting[0]].stop <= before:
            start_s = found[-1].end_s if found else 0.0
            found += _spread(passages[waiting.pop(0)].words, start_s, max(start_s, members[0].word.start_s))
        if passage < 0:
            found += [each.word for each in members]
        else:
            if passage in waiting:
                waiting = [each for each in waiting if each > passage]
            found += _spread(_text(members, sent, passages[passage]), members[0].word.start_s, members[-1].word.end_s)
    for passage in waiting:
        end_s = words[-1].end_s if words else 0.0
        found += _spread(passages[passage].words, end_s, end_s)
    return found


def _placed(words: Sequence[Word], sent: str, passages: Sequence[Shown]) -> Iterator[_Placed]:
    places = list(places_of(words, sent))
    for index, (word, place) in enumerate(zip(words, places, strict=True)):
        start, stop = place or _between(places, index, len(sent))
        passage = next(
            (number for number, each in enumerate(passages) if start < each.stop and stop > each.start), None
        )
        yield _Placed(word, place, -1 - index if passage is None else passage)


def _between(places: Sequence[tuple[int, int] | None], index: int, length: int) -> tuple[int, int]:
    """Where a word must be that the sent text does not contain: between its placed neighbors."""
    before = next((place for place in reversed(places[:index]) if place), (0, 0))
    after = next((place for place in places[index + 1 :] if place), (length, length))
    return before[1], after[0]


def _first_place(members: Sequence[_Placed]) -> int | None:
    return next((each.place[0] for each in members if each.place), None)


def _text(members: Sequence[_Placed], sent: str, passage: Shown) -> str:
    """What is shown for the words of a passage, with the letters that the service joined to them."""
    places = [each.place for each in members if each.place]
    if not places:
        return passage.words
    head = sent[min(place[0] for place in places) : passage.start]
    tail = sent[passage.stop : max(place[1] for place in places)]
    return f"{head}{passage.words}{tail}"


def _spread(text: str, start_s: float, end_s: float) -> Iterator[Word]:
    shown = text.split()
    total = sum(map(len, shown)) or 1
    reached = 0
    for word in shown:
        first_s = start_s + (end_s - start_s) * reached / total
        reached += len(word)
        yield Word(word, round(first_s, 4), round(start_s + (end_s - start_s) * reached / total, 4))
