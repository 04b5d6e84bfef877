"""Walk a document and collect its text as blocks: paragraphs, headings, lines of verse, and what is excluded."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from lxml import etree

from voicemill.book.importing.block_names import BLOCKS, spaced_text
from voicemill.book.importing.display import (
    is_drop_cap,
    level_by_name,
    said_instead,
    words_of_image,
)
from voicemill.book.importing.exclusion_rules import rule_of, rule_of_kind
from voicemill.book.importing.source import Document, Element, epub_types, local_name
from voicemill.errors import BookError
from voicemill.text.normalization import INVISIBLE

PARAGRAPH: Final = "\n\n"
LINE: Final = "\n"
SECTION: Final = "\n\n\n"
"""What separates a block from the one before it: blank lines, a line end, or the gap of a scene break."""

_SPACES = re.compile(r"\s+")
_BLANKS = re.compile(r"[^\S\n]+")
_LINE_ENDS = re.compile(r" *\n\s*")
_VERSE = re.compile(r"\b(?:verse|poem|poetry|poet|stanza|song|lyrics?|linegroup|lg|hymn|versus)\b", re.IGNORECASE)
_HEADING_NAMES: Final = {"h1": 1, "h2": 2, "h3": 3, "h4": 4, "h5": 5, "h6": 6, "hd": 2, "doctitle": 1}
_MATTER: Final = {
    "frontmatter": "front", "bodymatter": "body", "backmatter": "back", "preface": "front", "foreword": "front",
    "dedication": "front", "acknowledgments": "front", "acknowledgements": "front",
    "appendix": "back", "afterword": "back", "glossary": "back", "chapter": "body",
}  # fmt: skip
_LONGEST_VERSE_LINE: Final = 120
_ONE_LETTER_WORDS: Final = frozenset("aioyeàáéóôöåæ")
"""A blank after a drop cap of one of these letters separates words: “I saw”, “A man”."""


@dataclass(slots=True)
class Block:
    """A piece of text that stands alone in its document. `rule` says why it is excluded; empty for kept text.

    `separator` stands before it where it follows another kept block. `path` is the XPath of its element. `level` is
    that of a heading, 0 for other text. `is_added` marks text that is not in the source, `matter` what the source says
    about the part of the book: front, body or back.
    """

    document: str
    path: str
    text: str
    rule: str = ""
    level: int = 0
    separator: str = PARAGRAPH
    is_added: bool = False
    matter: str = ""


@dataclass(slots=True)
class Walked:
    """The blocks of a document in order, and the position among them of each id; ids in excluded text have its rule."""

    blocks: list[Block] = field(default_factory=list)
    places: dict[str, int] = field(default_factory=dict)
    excluded_ids: dict[str, str] = field(default_factory=dict)
    letters: list[str] = field(default_factory=list)
    """Text that the document has in an attribute only: drop caps that are images, formulas and labels in words."""


@dataclass(slots=True)
class _Open:
    """An element whose end has not come."""

    element: Element
    path: str
    is_block: bool
    is_verse: bool
    keeps_lines: bool
    level: int
    matter: str
    children: int = 0


_OUTSIDE: Final = _Open(None, "", is_block=True, is_verse=False, keeps_lines=False, level=0, matter="")


def walk(document: Document, notes: Mapping[Element, str]) -> Walked:
    """All text of a document, in order. Raises `BookError` if a character was lost."""
    walker = _Walker(document, notes)
    walker.run()
    return walker.walked


class _Walker:
    def __init__(self, document: Document, notes: Mapping[Element, str]) -> None:
        self.walked = Walked()
        self._document = document
        self._notes = notes
        self._all_rule = document.rule or rule_of_kind(document.kind)
        self._open: list[_Open] = []
        self._text: list[str] = []
        self._place: _Open | None = None
        self._invisible: list[str] = []
        self._trace: list[str] = []
        self._separator = PARAGRAPH
        self._is_glued = False
        self._last_line_parent = ""
        self._skipped: Element | None = None
        self._waiting: list[Block] = []
        """Excluded text within the present block, to follow it."""

    def run(self) -> None:
        """Walk from the root; the text of every element is taken exactly once."""
        events = etree.iterwalk(self._document.root, events=("start", "end"))
        for event, element in events:
            if event == "start":
                if self._start(element):
                    events.skip_subtree()
            else:
                self._end(element)
        self._flush()
        if self._invisible:
            invisible = "".join(self._invisible)
            self.walked.blocks.append(Block(self._document.name, "", invisible, "invisible-characters"))
        self._check()

    def _start(self, element: Element) -> bool:
        """Open an element. Returns whether all of it was excluded."""
        name = local_name(element)
        path = self._path(name)
        rule = self._all_rule or self._notes.get(element, "") or rule_of(element, name, self._document.styles)
        if not rule and (spoken := said_instead(element, name)):
            self._place = self._place or (self._open[-1] if self._open else None)
            self._text.append(spoken)
            self.walked.letters.append(spoken)
            rule = "formula-source" if name == "math" else "hidden"
        if rule:
            self._exclude(element, name, path, rule)
            return True
        opened = self._opened(element, name, path)
        if opened.is_block:
            self._flush()
        elif self._stands_apart(element, opened):
            self._text.append(" ")
        self._open.append(opened)
        self._note_ids(element)
        if name == "br":
            self._text.append(LINE)
        elif name == "hr":
            self._flush()
            self._separator = SECTION
        elif name in ("img", "image"):
            self._image(element, path)
        self._keep(element.text, opened)
        return False

    def _stands_apart(self, element: Element, opened: _Open) -> bool:
        """Whether a style separates an element from the text before it, where the source has no blank.

        That is so for positioned words, and for the parts of a heading: `<span>Chapter 1</span><span>The Boat</span>`.
        """
        if "absolute" in element.get("style", "") or (
            opened.level and self._document.styles.displays_as_block(element)
        ):
            return True
        before = element.getprevious()
        if not opened.level or before is None or before.tail or not self._text:
            return False
        last, first = self._text[-1][-1:], "".join(element.itertext())[:1]
        return first.isupper() and (last.islower() or last.isdigit())

    def _path(self, name: str) -> str:
        if not self._open:
            return "/*[1]"
        above = self._open[-1]
        if name:
            above.children += 1
        return f"{above.path}/*[{above.children}]"

    def _opened(self, element: Element, name: str, path: str) -> _Open:
        above = self._open[-1] if self._open else _OUTSIDE
        types = epub_types(element) if element.attrib else set()
        named = f"{element.get('class', '')} {' '.join(types)}" if element.attrib else ""
        return _Open(
            element,
            path,
            is_block=self._is_block(element, name, above),
            is_verse=above.is_verse or name == "line" or bool(named and _VERSE.search(named)),
            keeps_lines=above.keeps_lines or name == "pre",
            level=_HEADING_NAMES.get(name, 0) or above.level or level_by_name(element, name, named),
            matter=next((_MATTER[each] for each in types if each in _MATTER), above.matter),
        )

    def _is_block(self, element: Element, name: str, above: _Open) -> bool:
        if name in BLOCKS:
            return not self._is_simple_cell(element, name)
        return not above.level and self._document.styles.displays_as_block(element)

    def _is_simple_cell(self, element: Element, name: str) -> bool:
        """Whether a table cell, or the only paragraph in one, is a line of its row."""
        cell = element if name in ("td", "th") else element.getparent()
        if cell is None or local_name(cell) not in ("td", "th"):
            return False
        if name in ("td", "th") and cell.getprevious() is not None:
            self._text.append(LINE)
        blocks = [each for each in cell.iterdescendants() if local_name(each) in BLOCKS]
        return not blocks or (len(blocks) == 1 and local_name(blocks[0]) == "p")

    def _end(self, element: Element) -> None:
        if self._skipped is element:
            self._skipped = None
        else:
            opened = self._open.pop()
            if opened.is_block:
                self._flush(opened)
                if is_drop_cap(element):
                    self._separator = ""
            elif is_drop_cap(element):
                shown = "".join(element.itertext()) or "".join(each.get("alt", "") for each in element.iter())
                letters = "".join(filter(str.isalpha, shown.casefold()))
                self._is_glued = letters not in _ONE_LETTER_WORDS
        if self._open:
            self._keep(element.tail, self._open[-1])

    def _exclude(self, element: Element, name: str, path: str, rule: str) -> None:
        self._skipped = element
        text = "".join(element.itertext())
        self._trace.append(text)
        if name in BLOCKS:
            self._flush()
        self._note_ids_within(element, rule)
        if shown := _SPACES.sub(" ", spaced_text(element)).strip():
            self._waiting.append(Block(self._document.name, path, shown, rule))
        if not "".join(self._text).strip():
            self._release()

    def _release(self) -> None:
        self.walked.blocks += self._waiting
        self._waiting = []

    def _note_ids(self, element: Element) -> None:
        for attribute in ("id", "name"):
            if name := element.get(attribute):
                self.walked.places.setdefault(name, self._here())

    def _here(self) -> int:
        """The position of the next block: the present one, if it has no text yet."""
        return len(self.walked.blocks) + bool("".join(self._text).strip())

    def _note_ids_within(self, element: Element, rule: str) -> None:
        is_inline = rule in ("page-number", "note-reference", "line-number")
        for each in element.iter():
            for attribute in ("id", "name"):
                if name := each.get(attribute):
                    if is_inline:
                        self.walked.places.setdefault(name, self._here())
                    else:
                        self.walked.excluded_ids.setdefault(name, rule)

    def _image(self, element: Element, path: str) -> None:
        alternative = _SPACES.sub(" ", element.get("alt", "")).strip()
        if said := words_of_image(element, is_heading=bool(self._open[-1].level)):
            self._place = self._place or self._open[-1]
            self._text.append(said)
            self.walked.letters.append(said)
        elif alternative:
            self._waiting.append(Block(self._document.name, path, alternative, "image-description", is_added=True))

    def _keep(self, text: str | None, within: _Open) -> None:
        if not text:
            return
        self._trace.append(text)
        if hidden := INVISIBLE.findall(text):
            self._invisible += hidden
            text = INVISIBLE.sub("", text)
        if not within.keeps_lines:
            text = _SPACES.sub(" ", text)
        if self._is_glued and text.strip():
            text, self._is_glued = text.lstrip(), False
        if text.strip() and self._place is None:
            self._place = within
        self._text.append(text)

    def _flush(self, ended: _Open | None = None) -> None:
        """End the present block, if it has any text."""
        text = _LINE_ENDS.sub(_line_end, _BLANKS.sub(" ", "".join(self._text))).strip()
        self._text, place, self._place = [], self._place, None
        if not text or place is None:
            self._release()
            return
        block = ended or next((each for each in reversed(self._open) if each.is_block), place)
        made = Block(self._document.name, block.path, text, level=block.level or place.level, matter=block.matter)
        made.separator = self._separator_of(made, block)
        self.walked.blocks.append(made)
        self._release()
        self._separator = PARAGRAPH

    def _separator_of(self, made: Block, block: _Open) -> str:
        """Lines of verse in the same stanza follow each other without a blank line."""
        parent = block.path.rpartition("/")[0]
        is_line = block.is_verse and LINE not in made.text and not block.level
        is_line = is_line and len(made.text) <= _LONGEST_VERSE_LINE and local_name(block.element) != "cite"
        follows = is_line and parent == self._last_line_parent and self._separator == PARAGRAPH
        self._last_line_parent = parent if is_line else ""
        return LINE if follows else self._separator

    def _check(self) -> None:
        """Compare with the text of the whole tree, as lxml reads it."""
        found = "".join("".join(self._trace).split())
        expected = "".join("".join(self._document.root.itertext()).split())
        if found != expected:
            raise BookError(
                f"{self._document.name}: {len(expected):,} characters were expected and {len(found):,} found; "
                "please report this book"
            )


def _line_end(found: "re.Match[str]") -> str:
    """A line end, or a blank line where there were several."""
    return PARAGRAPH if found[0].count(LINE) > 1 else LINE
