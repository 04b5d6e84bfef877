"""How a reader shows an element: on lines of its own, as a drop cap, as a heading, or with a label that is read out."""

import re
from typing import Final

from voicemill.book.importing.exclusion_rules import selectable
from voicemill.book.importing.source import Element
from voicemill.book.importing.style_sheets import displays_as_block

_DROP_CAP = re.compile(r"\b(?:drop[-_]?caps?|dropped|initial(?:s|cap)?|lettrine|first-?letter)\b", re.IGNORECASE)
_HEADING_CLASS = re.compile(r"\b(?:chapter|part|book)[-_ ]?(?:title|head(?:ing)?|num(?:ber)?|name)\b", re.IGNORECASE)
_LONGEST_DROP_CAP: Final = 3


def is_displayed_as_block(element: Element, styled: frozenset[str]) -> bool:
    """Whether a style gives an element a line of its own; `styled` are the selectors with such a style."""
    if not element.attrib:
        return False
    return displays_as_block(element.get("style", "")) or not styled.isdisjoint(selectable(element))


def is_drop_cap(element: Element) -> bool:
    """Whether an element holds the large first letter of a paragraph."""
    named = element.get("class", "")
    if not named or not _DROP_CAP.search(named):
        return False
    return len("".join(element.itertext()).strip()) <= _LONGEST_DROP_CAP


def said_instead(element: Element, name: str) -> str:
    """The text of an attribute that is read out in place of what is shown: of a formula, or of single letters.

    Letters, such as a drop cap and the rest of its word, are hidden from screen readers and have a label.
    """
    if name == "math":
        return str(element.get("alttext", "")).strip()
    label = str(element.get("aria-label", "")).strip() if element.attrib else ""
    if not label:
        return ""
    hidden = ["".join(each.itertext()) for each in element.iterdescendants() if each.get("aria-hidden") == "true"]
    shown = "".join("".join(element.itertext()).split())
    return label if shown and "".join("".join(hidden).split()) == shown else ""


def level_by_name(element: Element, name: str, named: str) -> int:
    """The level of an element that is a heading by its class or role; 0 for any other."""
    if not named or name in ("section", "div", "body", "article", "header"):
        return 0
    return 2 if element.get("role") == "heading" or _HEADING_CLASS.search(named) else 0
