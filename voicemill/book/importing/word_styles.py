"""The styles of a DOCX file: which are headings or hidden, whatever language or template their names come from."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from voicemill.book.importing.markup import decoded, parse
from voicemill.book.importing.source import Element, local_name

WORDS: Final = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
VALUE: Final = f"{{{WORDS}}}val"
_ON: Final = (None, "1", "true", "on")
_DEEPEST_HEADING: Final = 6
_DEEPEST_STYLE: Final = 20
_KNOWN: Final = re.compile(r"heading \d|title|subtitle|toc\b.*", re.IGNORECASE)
"""Names that the conversion to HTML knows."""
_HEADING_NAME = re.compile(
    r"(?:überschrift|kapitelüberschrift|titre|título|titolo|kop|rubrik|overskrift|otsikko|nagłówek|заголовок)\s*(\d)",
    re.IGNORECASE,
)
_BUILT_IN = re.compile(r"heading (\d)", re.IGNORECASE)
_TITLE_NAME = re.compile(r"titel|titre|título|titolo|book title", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class _Style:
    name: str
    based_on: str
    outline: int
    """The level in the outline from 1, 0 for text, -1 where the style does not say."""
    is_hidden: bool


class WordStyles:
    """The styles of a document by their id."""

    def __init__(self, content: bytes) -> None:
        root = parse(decoded(content, "styles.xml"), "styles.xml")[0] if content else None
        found = [] if root is None else [each for each in root.iter() if local_name(each) == "style"]
        self.language = "" if root is None else value_of(root, "lang")
        """The language that the document is written in unless it says otherwise; empty if it does not say."""
        self._styles = {each.get(f"{{{WORDS}}}styleId", ""): _style(each) for each in found}

    def heading_level(self, style_id: str) -> int:
        """The level of a paragraph style that is a heading; 0 for others, and for those that the conversion knows."""
        chain = list(self._chain(style_id))
        if not chain or _KNOWN.fullmatch(chain[0].name):
            return 0
        if named := _HEADING_NAME.fullmatch(chain[0].name):
            return min(int(named[1]), _DEEPEST_HEADING)
        if _TITLE_NAME.fullmatch(chain[0].name):
            return 1
        return min(next((style.outline for style in chain if style.outline >= 0), 0), _DEEPEST_HEADING)

    def hides(self, style_id: str) -> bool:
        """Whether a style, or one that it is based on, hides its text."""
        return any(style.is_hidden for style in self._chain(style_id))

    def _chain(self, style_id: str) -> Iterator[_Style]:
        for _ in range(_DEEPEST_STYLE):
            if style_id not in self._styles:
                return
            yield self._styles[style_id]
            style_id = self._styles[style_id].based_on


def value_of(element: Element, name: str) -> str:
    """The value of the first element with this name in another; empty if there is none."""
    return next((each.get(VALUE, "") for each in element.iter() if local_name(each) == name), "")


def outline_level(element: Element) -> int:
    """The level from 1 that the properties of a paragraph or style give it; 0 for text, -1 where they say nothing."""
    given = value_of(element, "outlinelvl")
    return (int(given) + 1) % (_DEEPEST_HEADING + 4) if given.isdigit() else -1


def is_on(element: Element, name: str) -> bool:
    """Whether a property is set: it may have no value, or one that says so."""
    return any(local_name(each) == name and each.get(VALUE) in _ON for each in element.iter())


def _style(element: Element) -> _Style:
    names = {name: value_of(element, name) for name in ("name", "basedon")}
    named = _BUILT_IN.fullmatch(names["name"])
    outline = int(named[1]) if named else outline_level(element)
    return _Style(names["name"], names["basedon"], outline, is_on(element, "vanish"))
