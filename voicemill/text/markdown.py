"""Detect and remove Markdown in texts."""

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:  # Most manifests contain no Markdown, and its parser takes long to import.
    from markdown_it import MarkdownIt
    from markdown_it.token import Token

_MAY_CONTAIN_MARKS: Final = re.compile(r"[*_`\[#>]|^\s*[-+]\s", re.MULTILINE)
_MARKED: Final = frozenset({
    "heading_open", "strong_open", "em_open", "s_open", "link_open", "image", "code_inline", "fence", "blockquote_open",
    "list_item_open", "hr",
})  # fmt: skip
_ORDINARY: Final = frozenset({"list_item_open", "hr", "blockquote_open"})
"""Marks that also occur in plain text, such as a dash before a line of dialogue or a line between scenes."""


def marks_in(text: str) -> int:
    """How many Markdown marks a text has; 0 where it has only those that plain text may have as well."""
    if not _MAY_CONTAIN_MARKS.search(text):
        return 0
    kinds = [token.type for token in _tokens(text) if token.type in _MARKED]
    return len(kinds) if set(kinds) - _ORDINARY else 0


def without_marks(text: str) -> str:
    """The text without Markdown: links keep their text, and headings and list items become paragraphs."""
    blocks: list[str] = []
    number = ""
    for token in _markdown().parse(text):
        if token.type == "list_item_open":
            number = f"{token.info}. " if token.info else ""
        elif shown := _shown(token):
            blocks.append(number + shown)
            number = ""
    return "\n\n".join(block for block in blocks if block.strip()) + "\n"


def _markdown() -> "MarkdownIt":
    from markdown_it import MarkdownIt

    return MarkdownIt("commonmark").enable("strikethrough").disable(["entity", "code"])


def _tokens(text: str) -> "Iterator[Token]":
    for token in _markdown().parse(text):
        yield token
        yield from token.children or ()


def _shown(token: "Token") -> str:
    if token.type in ("fence", "code_block", "html_block"):
        return token.content
    if token.type == "hr":
        return "* * *"
    return "".join(map(_inline, token.children)) if token.children else ""


def _inline(token: "Token") -> str:
    if token.type in ("softbreak", "hardbreak"):
        return "\n"
    return token.content if token.type in ("text", "code_inline", "html_inline", "image", "text_special") else ""
