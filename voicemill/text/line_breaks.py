"""Subtitle lines: the width of words and the best line breaks."""

import unicodedata
from collections.abc import Sequence
from functools import lru_cache
from itertools import accumulate

from voicemill.model import Word

_CLOSING = "\"'”’“»›)]」』】）"
_SENTENCE_ENDS = tuple(".!?…。！？।۔؟")
_CLAUSE_ENDS = tuple(",;:—–،、，；：")
_UGLY_BREAK = 0.15
"""What a break within a clause costs, beside the square of a line's share of the width."""


@lru_cache(4096)
def width(text: str) -> int:
    """The columns of a text: two per Chinese, Japanese or Korean character, none for invisible characters."""
    return sum(map(_columns, text))


def _columns(character: str) -> int:
    if unicodedata.combining(character) or unicodedata.category(character) == "Cf":
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1


def ends_sentence(word: Word) -> bool:
    """Whether a full stop or similar follows the word."""
    return word.word.rstrip(_CLOSING).endswith(_SENTENCE_ENDS)


def ends_clause(word: Word) -> bool:
    """Whether a comma or similar follows the word."""
    return word.word.rstrip(_CLOSING).endswith(_CLAUSE_ENDS)


def text_of(words: Sequence[Word]) -> str:
    """The text of a line."""
    return "".join(word.word for word in words).strip()


def line_count(words: Sequence[Word], max_width: int) -> int:
    """The smallest number of lines for the words; a word wider than a line takes a whole line."""
    lines, room = 0, -1
    for word in words:
        room -= width(word.word)
        if room < 0:
            lines, room = lines + 1, max_width - width(word.word.lstrip())
    return lines


def broken(words: Sequence[Word], max_width: int) -> list[Sequence[Word]]:
    """The words in the fewest, most even lines, broken after clauses if that is not much worse."""
    count = line_count(words, max_width)
    if count < 2:
        return [words]
    reached = [0, *accumulate(width(word.word) for word in words)]
    leading = [width(word.word) - width(word.word.lstrip()) for word in words]
    costs = [0.0] + [float("inf")] * len(words)
    rows = []
    for _ in range(count):
        costs, cuts = _with_a_line_more(words, costs, reached, leading, max_width)
        rows.append(cuts)
    lines, stop = [], len(words)
    for cuts in reversed(rows):
        lines.append(words[cuts[stop] : stop])
        stop = cuts[stop]
    return lines[::-1]


def _with_a_line_more(
    words: Sequence[Word], costs: Sequence[float], reached: Sequence[int], leading: Sequence[int], max_width: int
) -> tuple[list[float], list[int]]:
    best, cuts = [float("inf")] * (len(words) + 1), [0] * (len(words) + 1)
    for stop in range(1, len(words) + 1):
        last = words[stop - 1]
        is_clean = stop == len(words) or ends_sentence(last) or ends_clause(last)
        for start in range(stop):
            taken = reached[stop] - reached[start] - leading[start]
            if taken > max_width and stop - start > 1:
                continue
            cost = costs[start] + (taken / max_width) ** 2 + (0.0 if is_clean else _UGLY_BREAK)
            if cost < best[stop]:
                best[stop], cuts[stop] = cost, start
    return best, cuts
