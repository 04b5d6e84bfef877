"""Which classes and ids a style sheet hides, so that they are not spoken, and which it displays as blocks."""

import re
from collections.abc import Callable, Iterator

_COMMENT = re.compile(r"/\*.*?\*/|<!--|-->", re.DOTALL)
_BLOCK = re.compile(r"(?P<selectors>[^{}@;]+)\{(?P<rules>[^{}]*)\}")
_CONDITIONAL = re.compile(r"@[\w-]+[^{};]*\{(?:[^{}]*\{[^{}]*\})*[^{}]*\}")
_HIDES = re.compile(r"(?:^|;)\s*(?:display\s*:\s*none|visibility\s*:\s*hidden)", re.IGNORECASE)
_IS_BLOCK = re.compile(r"(?:^|;)\s*display\s*:\s*(?:block|list-item|table|table-row|flex)\b", re.IGNORECASE)
_FLOATS = re.compile(r"(?:^|;)\s*float\s*:\s*(?:left|right)", re.IGNORECASE)
_SIMPLE = re.compile(r"[a-zA-Z]*([.#][\w-]+)")


def hides(style: str) -> bool:
    """Whether the declarations of a style hide its element."""
    return bool(_HIDES.search(style))


def displays_as_block(style: str) -> bool:
    """Whether the declarations of a style begin a new line; a floating element, such as a drop cap, does not."""
    return bool(_IS_BLOCK.search(style)) and not _FLOATS.search(style)


def selectors(sheet: str, holds: Callable[[str], bool]) -> Iterator[str]:
    """The simple selectors (`.class`, `#id`) of rules whose declarations `holds` accepts.

    Rules for some media only are passed over.
    """
    text = _CONDITIONAL.sub("", _COMMENT.sub("", sheet[:2_000_000]))
    for block in _BLOCK.finditer(text):
        if holds(block["rules"]):
            for selector in block["selectors"].split(","):
                if simple := _SIMPLE.fullmatch(selector.strip()):
                    yield simple[1]
