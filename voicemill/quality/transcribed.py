"""Compare a transcription of generated audio with its text.

A recognizer spells names, numbers and compounds differently from the text. So words that differ are compared by their
sounds, and differences of one or two words are ignored.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Final, NamedTuple

from rapidfuzz.distance import Indel, Levenshtein

from voicemill.model import Finding, Word
from voicemill.model.service_tags import without_tags
from voicemill.quality.units import words_of
from voicemill.text.word_error_rate import UNSPACED, tokens

Phones = Callable[[str], Sequence[str]]
"""The sounds of a text."""

_FEWEST_WORDS: Final = 3
"""Fewer words in a row that differ are too often names, numbers or errors of the recognizer."""
_FEWEST_PHONES: Final = 8
_ALIKE: Final = 0.45
"""Words that have at least this share of their sounds in common count as the same."""
_ONE_SIDED: Final = 0.35
"""Words whose counterpart has at most this share of their sounds are missing or added."""
_FEWEST_EQUAL: Final = 0.3
"""The least share of equal words, of the shorter side, in a transcription of the same text."""
_SHORT_MATCH: Final = 1
"""Differences that at most this number of equal words separate count as one."""
_QUOTED_WORDS: Final = 6
_NO_DIGITS = re.compile(r"\D+")
_UNSPACED = re.compile(UNSPACED)


class _Token(NamedTuple):
    """A recognized word in the form in which it is compared, with its start and end in seconds."""

    word: str
    start_s: float
    end_s: float


class _Difference(NamedTuple):
    """Positions of text words, and of the recognized words in their place; both ends are exclusive."""

    text_start: int
    text_stop: int
    start: int
    stop: int


def transcription_findings(
    text: str, recognized: Sequence[Word], end_s: float, allowed: Sequence[str], phones: Phones
) -> list[Finding]:
    """Where the recognized words of a passage of `end_s` seconds differ from its text; `allowed` words are ignored."""
    expected = compared_words(without_tags(text))
    found = [_Token(one, word.start_s, word.end_s) for word in recognized for one in compared_words(word.word)]
    if not expected:
        return []
    words = [token.word for token in found]
    comparison = _Comparison(expected, found, end_s, frozenset(allowed), phones)
    compared = comparison.without_allowed(expected)
    if len(compared) >= _FEWEST_WORDS and _is_other_text(compared, words, phones):
        return [Finding("other_words", 0.0, end_s, f"recognized: {_quoted(words) or 'nothing'}")]
    unlike = filter(comparison.is_unlike, _differences(expected, words))
    return [finding for difference in _joined(unlike) for finding in comparison.findings(difference)]


def compared_words(text: str) -> list[str]:
    """The words of a text in lower case; in scripts without spaces, its characters."""
    return [one for word in words_of(text) for one in (tokens(word) if _UNSPACED.search(word) else [word])]


def _is_other_text(expected: Sequence[str], words: Sequence[str], phones: Phones) -> bool:
    equal = len(expected) + len(words) - Indel.distance(expected, words)
    is_alike = equal / 2 >= _FEWEST_EQUAL * max(1, min(len(expected), len(words)))
    return not is_alike and _likeness(expected, words, phones) < _ALIKE


def _differences(expected: Sequence[str], words: Sequence[str]) -> Iterator[_Difference]:
    codes = (code for code in Levenshtein.opcodes(expected, words) if code.tag != "equal")
    return _joined((_Difference(code.src_start, code.src_end, code.dest_start, code.dest_end) for code in codes), 0)


def _joined(differences: Iterable[_Difference], most_between: int = _SHORT_MATCH) -> Iterator[_Difference]:
    """The differences, with those as one that at most `most_between` equal words separate."""
    last: _Difference | None = None
    for one in differences:
        if last is not None and max(one.text_start - last.text_stop, one.start - last.stop) <= most_between:
            last = _Difference(last.text_start, one.text_stop, last.start, one.stop)
            continue
        if last is not None:
            yield last
        last = one
    if last is not None:
        yield last


def _likeness(expected: Sequence[str], words: Sequence[str], phones: Phones) -> float:
    """How alike two sequences of words sound, from 0 to 1. Equal digits are alike, however a number is written."""
    one, other = "".join(expected), "".join(words)
    if one == other or "" != _NO_DIGITS.sub("", one) == _NO_DIGITS.sub("", other):
        return 1.0
    return Levenshtein.normalized_similarity(phones(" ".join(expected)), phones(" ".join(words)))


class _Comparison:
    """The words of one passage and of its transcription."""

    def __init__(
        self, expected: list[str], found: list[_Token], end_s: float, allowed: frozenset[str], phones: Phones
    ) -> None:
        self._expected, self._found, self._end_s = expected, found, end_s
        self._allowed, self._phones = allowed, phones

    def is_unlike(self, difference: _Difference) -> bool:
        """Whether the words sound different and are not all allowed to."""
        text, words = self._sides(difference)
        is_allowed = not self.without_allowed(text) and len(words) <= len(text) * 2
        return not is_allowed and _likeness(text, words, self._phones) < _ALIKE

    def findings(self, difference: _Difference) -> Iterator[Finding]:
        """The finding that a difference leads to, if it is large enough."""
        text, words = self._sides(difference)
        compared = self.without_allowed(text)
        if max(len(compared), len(words) - (len(text) - len(compared))) < _FEWEST_WORDS:
            return
        text_size, size = len(self._phones(" ".join(compared))), len(self._phones(" ".join(words)))
        if max(text_size, size) < _FEWEST_PHONES:
            return
        yield Finding(*self._reason(difference, text, words, text_size, size))

    def _sides(self, difference: _Difference) -> tuple[list[str], list[str]]:
        """The words of the text and the recognized ones."""
        words = [token.word for token in self._found[difference.start : difference.stop]]
        return self._expected[difference.text_start : difference.text_stop], words

    def without_allowed(self, words: list[str]) -> list[str]:
        """The words that must not differ."""
        return [word for word in words if not self._allowed.issuperset(tokens(word))] if self._allowed else words

    def _reason(
        self, difference: _Difference, text: list[str], words: list[str], text_size: int, size: int
    ) -> tuple[str, float, float, str]:
        start_s, end_s = self._place_s(difference)
        if size <= text_size * _ONE_SIDED:
            return "missing", start_s, end_s, _quoted(text)
        if text_size <= size * _ONE_SIDED:
            return "repeated" if self._is_repeated(difference) else "added", start_s, end_s, _quoted(words)
        return "different", start_s, end_s, f"{_quoted(text)}; recognized: {_quoted(words)}"

    def _place_s(self, difference: _Difference) -> tuple[float, float]:
        """From the end of the recognized word before to the start of the one after."""
        start_s = self._found[difference.start - 1].end_s if difference.start else 0.0
        is_last = difference.stop >= len(self._found)
        end_s = self._end_s if is_last else self._found[difference.stop].start_s
        return round(start_s, 2), round(max(start_s, end_s), 2)

    def _is_repeated(self, difference: _Difference) -> bool:
        """Whether the added words are those of the text before or after them."""
        words = [token.word for token in self._found[difference.start : difference.stop]]
        before = self._expected[max(0, difference.text_start - len(words)) : difference.text_start]
        after = self._expected[difference.text_stop : difference.text_stop + len(words)]
        return any(_likeness(near, words, self._phones) >= _ALIKE for near in (before, after) if near)


def _quoted(words: Sequence[str]) -> str:
    rest = " …" if len(words) > _QUOTED_WORDS else ""
    return " ".join(words[:_QUOTED_WORDS]) + rest
