"""Find the heading that an entry of the table of contents means, where its link leads elsewhere."""

from collections.abc import Sequence
from typing import Final

from voicemill.book.importing.heading_lines import without_number
from voicemill.book.importing.walker import Block

_MOST_HEADINGS: Final = 3
_LONGEST_TITLE: Final = 60


def title_before(blocks: Sequence[Block], position: int, title: str) -> int:
    """The position of the headings right before a text if they say the title: links may lead below the heading."""
    if position >= len(blocks) or blocks[position].level:
        return position
    first = position
    while first and _is_heading_before(blocks[first - 1], blocks[position]) and position - first < _MOST_HEADINGS:
        first -= 1
    headings = [same_words(block.text) for block in blocks[first:position] if not block.rule]
    wanted = {same_words(title), same_words(without_number(title))} - {""}
    return first if not wanted.isdisjoint([*headings, "".join(headings)]) else position


def _is_heading_before(block: Block, text: Block) -> bool:
    """Whether a block is a heading of the same document, or is not spoken."""
    return block.document == text.document and bool(block.level or block.rule)


def title_after(blocks: Sequence[Block], position: int, title: str) -> int:
    """The position of the next heading of the document that is the title, for an id that the document has twice."""
    for index in range(position, len(blocks)):
        block = blocks[index]
        if block.document != blocks[position].document:
            break
        if block.level and not block.rule and same_words(block.text) == same_words(title):
            return index
    return position


def first_words(text: str) -> str:
    """The first words of a text, as a title."""
    words = " ".join(text.split())
    return words if len(words) <= _LONGEST_TITLE else words[: _LONGEST_TITLE - 3].rsplit(" ", 1)[0] + "…"


def same_words(text: str) -> str:
    """A text for comparison: letters and digits only, without case."""
    return "".join(one for one in text.casefold() if one.isalnum())
