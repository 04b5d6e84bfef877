"""Subtitle lines: the width of words and the best line breaks."""

import unicodedata
from collections.abc import Sequence
from functools import lru_cache
from itertools import accumulate

from voicemill.model import Word

_CLOSING = "\"'”’“»›)]」』】）"
_SENTENCE_ENDS = tuple(".!?…。！？।۔؟")
_CLAUSE_ENDS = tuple(",;:—–،、，；：")
_CLAUSE_BREAK_COST = 0.15
"""The additional cost of a break within a clause; the cost of a line is the square of its share of the width."""


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
    lines, remaining = 0, -1
    for word in words:
        remaining -= width(word.word)
        if remaining < 0:
            lines, remaining = lines + 1, max_width - width(word.word.lstrip())
    return lines


def break_lines(words: Sequence[Word], max_width: int) -> list[Sequence[Word]]:
    """The words in the fewest, most even lines, broken after clauses if that is not much worse."""
    count = line_count(words, max_width)
    if count < 2:
        return [words]
    reached = [0, *accumulate(width(word.word) for word in words)]
    leading = [width(word.word) - width(word.word.lstrip()) for word in words]
    costs = [0.0] + [float("inf")] * len(words)
    rows = []
    for _ in range(count):
        costs, cuts = _add_line(words, costs, reached, leading, max_width)
        rows.append(cuts)
    lines, stop = [], len(words)
    for cuts in reversed(rows):
        lines.append(words[cuts[stop] : stop])
        stop = cuts[stop]
    return lines[::-1]


def _add_line(
    words: Sequence[Word], costs: Sequence[float], reached: Sequence[int], leading: Sequence[int], max_width: int
) -> tuple[list[float], list[int]]:
    best, cuts = [float("inf")] * (len(words) + 1), [0] * (len(words) + 1)
    for stop in range(1, len(words) + 1):
        last = words[stop - 1]
        is_clean = stop == len(words) or ends_sentence(last) or ends_clause(last)
        for start in range(stop):
            line_width = reached[stop] - reached[start] - leading[start]
            if line_width > max_width and stop - start > 1:
                continue
            cost = costs[start] + (line_width / max_width) ** 2 + (0.0 if is_clean else _CLAUSE_BREAK_COST)
            if cost < best[stop]:
                best[stop], cuts[stop] = cost, start
    return best, cuts
