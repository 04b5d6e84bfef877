"""Find the table of contents of a plain text: lines below its heading that are repeated later as headings."""

import re
from collections.abc import Sequence
from typing import Final

from voicemill.book.importing.contents_pages import TITLE
from voicemill.book.importing.title_places import same_words

_PAGE = re.compile(r"[\s.·…_-]*(?:\b\d{1,4}|\b[ivxlc]{1,6})?\s*$")
_NUMBER = re.compile(r"^\W*(?:[^\W\d_]+\s+)?(?:\d{1,4}|[ivxlcdm]{1,8})\b\W*", re.IGNORECASE)
_LONGEST_HEADING: Final = 40
_LONGEST_LINE: Final = 100
_FEWEST_SHARE: Final = 0.6
_ENTRY_HEADERS: Final = frozenset({"page", "chapter", "chap", "seite", "kapitel"})


def contents_positions(paragraphs: Sequence[str]) -> set[int]:
    """The positions of the paragraphs of a table of contents, its heading included; empty if there is none."""
    start = next((index for index, each in enumerate(paragraphs) if _is_title(each)), None)
    if start is None:
        return set()
    found = set[int]()
    for index in range(start + 1, len(paragraphs)):
        later = _short_lines(paragraphs[index + 1 :])
        lines = [line for line in paragraphs[index].split("\n") if same_words(line) not in _ENTRY_HEADERS]
        repeated = sum(not later.isdisjoint(_spellings(line)) for line in lines)
        if any(len(line) > _LONGEST_LINE for line in lines) or repeated < _FEWEST_SHARE * len(lines):
            break
        found.add(index)
    return {start, *found} if found else set()


def _is_title(paragraph: str) -> bool:
    return len(paragraph.strip()) <= _LONGEST_HEADING and TITLE.match(paragraph) is not None


def _short_lines(paragraphs: Sequence[str]) -> set[str]:
    """The words of all short paragraphs and of their lines, for comparison."""
    short = [each for each in paragraphs if len(each) <= 2 * _LONGEST_LINE]
    found = {spelling for each in short for line in (each, *each.split("\n")) for spelling in _spellings(line)}
    return found - {""}


def _spellings(line: str) -> set[str]:
    """The words of a line as they are, without a page number at the end, and without a number before them."""
    title = _PAGE.sub("", line.strip())
    return {same_words(line), same_words(title), same_words(_NUMBER.sub("", title))} - {""}
