"""Which classes and ids a style sheet hides: text that no reader sees is not spoken."""

import re
from collections.abc import Iterator

_COMMENT = re.compile(r"/\*.*?\*/", re.DOTALL)
_BLOCK = re.compile(r"(?P<selectors>[^{}@;]+)\{(?P<rules>[^{}]*)\}")
_CONDITIONAL = re.compile(r"@[\w-]+[^{};]*\{(?:[^{}]*\{[^{}]*\})*[^{}]*\}")
_HIDES = re.compile(r"(?:^|;)\s*(?:display\s*:\s*none|visibility\s*:\s*hidden)", re.IGNORECASE)
_SIMPLE = re.compile(r"[a-zA-Z]*([.#][\w-]+)")


def hides(style: str) -> bool:
    """Whether the declarations of a style hide its element."""
    return bool(_HIDES.search(style))


def hidden_selectors(sheet: str) -> Iterator[str]:
    """The simple selectors (`.class`, `#id`) of rules that hide; rules for some media only are passed over."""
    text = _CONDITIONAL.sub("", _COMMENT.sub("", sheet[:2_000_000]))
    for block in _BLOCK.finditer(text):
        if hides(block["rules"]):
            for selector in block["selectors"].split(","):
                if simple := _SIMPLE.fullmatch(selector.strip()):
                    yield simple[1]
