"""Find headings by their words in a book that marks none and has no table of contents."""

from collections.abc import Sequence

from voicemill.book.importing.heading_lines import heading_level, is_number_only, is_title
from voicemill.book.importing.walker import Block, Walked


def mark_headings(walked: Sequence[Walked]) -> None:
    """Give a level to paragraphs that read like the heading of a chapter, unless a block has one already."""
    blocks = [block for one in walked for block in one.blocks if not block.rule]
    if any(block.level for block in blocks):
        return
    texts = ["", *(block.text for block in blocks), ""]
    levels = [heading_level(text, texts[index], texts[index + 2]) for index, text in enumerate(texts[1:-1])]
    before: Block | None = None
    for block, level, following in zip(blocks, levels, texts[2:], strict=True):
        if level:
            block.level = level
        elif before is not None and following and _is_title_below(block, before):
            block.level = before.level
        before = block if level else None


def _is_title_below(block: Block, number: Block) -> bool:
    return block.document == number.document and is_number_only(number.text) and is_title(block.text)
