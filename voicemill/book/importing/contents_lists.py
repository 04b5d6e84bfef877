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
    last = _last_places(paragraphs)
    found, listed = set[int](), set[str]()
    for index in range(start + 1, len(paragraphs)):
        lines = [line for line in paragraphs[index].split("\n") if same_words(line) not in _ENTRY_HEADERS]
        repeated = sum(any(last.get(each, -1) > index for each in _spellings(line)) for line in lines)
        is_in_text = same_words(paragraphs[index]) in listed
        if is_in_text or any(len(line) > _LONGEST_LINE for line in lines) or repeated < _FEWEST_SHARE * len(lines):
            break
        found.add(index)
        listed |= {spelling for line in lines for spelling in _spellings(line)}
    return {start, *found} if found else set()


def _is_title(paragraph: str) -> bool:
    return len(paragraph.strip()) <= _LONGEST_HEADING and TITLE.match(paragraph) is not None


def _last_places(paragraphs: Sequence[str]) -> dict[str, int]:
    """The last position of each short paragraph and of each of its lines, by their words."""
    short = ((index, each) for index, each in enumerate(paragraphs) if len(each) <= 2 * _LONGEST_LINE)
    lines = ((index, line) for index, each in short for line in (each, *each.split("\n")))
    return {spelling: index for index, line in lines for spelling in _spellings(line)}


def _spellings(line: str) -> set[str]:
    """The words of a line as they are, without a page number at the end, and without a number before them."""
    title = _PAGE.sub("", line.strip())
    return {same_words(line), same_words(title), same_words(_NUMBER.sub("", title))} - {""}
