"""How a reader shows an element: on lines of its own, as a drop cap, as a heading, or with a label that is read out."""

import re
from typing import Final

from voicemill.book.importing.block_names import BLOCKS
from voicemill.book.importing.source import Element, local_name

_DROP_CAP = re.compile(r"\b(?:drop[-_]?caps?|dropped|initial(?:s|cap)?|lettrine|first-?letter)\b", re.IGNORECASE)
_HEADING_CLASS = re.compile(r"\b(?:chapter|part|book)[-_ ]?(?:title|head(?:ing)?|num(?:ber)?|name)\b", re.IGNORECASE)
_LONGEST_DROP_CAP: Final = 3
_LETTER = re.compile(r"[“\"‘'«¿¡]?[^\W\d_]")
_NO_WORDS = re.compile(
    r"[\w./-]+\.(?:jpe?g|png|gif|svg|webp)|(?:an? )?(?:image|picture|illustration|ornament|decoration|decorative \w+|"
    r"logo|chapter heading|heading|chapter opener|title|graphic|cover)",
    re.IGNORECASE,
)
"""Descriptions of images that say nothing: names of files, and words for any image."""


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


def words_of_image(image: Element, *, is_heading: bool) -> str:
    """The description of an image where it is read out: of the first letter of a word, or of a heading."""
    words = " ".join(str(image.get("alt", "")).split())
    if _LETTER.fullmatch(words):
        follows = _text_after(image)
        is_cap = any(is_drop_cap(each) for each in image.iterancestors())
        return words if follows[:1].isalpha() or (is_cap and (not follows or follows.lstrip()[:1].isalpha())) else ""
    if not is_heading or _NO_WORDS.fullmatch(words) or not any(map(str.isalpha, words)):
        return ""
    heading = next((each for each in image.iterancestors() if local_name(each) in BLOCKS), image)
    return "" if "".join(heading.itertext()).strip() else words


def _text_after(element: Element) -> str:
    """The text that follows an element in its block; empty if the element ends the block."""
    while element is not None and local_name(element) not in BLOCKS:
        if element.tail:
            return str(element.tail)
        following = element.getnext()
        if following is not None and (text := "".join(following.itertext())):
            return str(text)
        element = following if following is not None else element.getparent()
    return ""
