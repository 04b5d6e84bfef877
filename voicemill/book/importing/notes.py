"""Find notes that no `epub:type` marks.

A reference is a short link to a block that begins with the same mark or links back, or a raised mark of a block whose
class says that it is a note.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from typing import Final, NamedTuple

from voicemill.book.importing.block_names import BLOCKS
from voicemill.book.importing.exclusion_rules import is_reference
from voicemill.book.importing.note_continuations import continuations
from voicemill.book.importing.source import Document, Element, epub_types, local_name, resolve

_MARK = re.compile(
    r"[\[({]?\s*(?:\d{1,4}|[ivxlc]{1,6}|[a-z]|[*†‡§¶#]{1,4}|\d{1,3}\s*[*†]|[¹²³⁰⁴-⁹]{1,3})\s*[\])}.]?", re.IGNORECASE
)
_NOTE_WORD = re.compile(r"note|(?:^|[\s_-])(?:e|f|r)?fn(?:[\s_-]|\d|$)|ftn|footn", re.IGNORECASE)
_BACK = re.compile(r"[\s↩︎↑^←⬆↵]*")
_NOTE_CLASS = re.compile(
    r"(?<![a-z])(?:mso)?(?:foot|end|rear)[-_ ]?notes?(?:[-_]?(?:text|item|para|body))?(?![a-z])|"
    r"(?<![a-z])(?:fn|fnote|ftn)(?:[-_]?text)?(?![a-z])",
    re.IGNORECASE,
)
_NOTE_START = re.compile(r"\W*?(?P<mark>\d{1,3}|[*†‡§]{1,3})[.)\]:]*\s+\S")
_BACK_WORD = re.compile(r"\W*(?:go )?(?:back|return|zurück|retour|volver|torna|terug)\b.{0,30}$", re.IGNORECASE)
_RAISED_CLASS = re.compile(r"(?<![a-z])(?:super|superscript|sup|raised)(?![a-z])", re.IGNORECASE)
_RAISED_STYLE = re.compile(r"vertical-align\s*:\s*(?:super|text-top|top)", re.IGNORECASE)
_STOP: Final = frozenset({"body", "html", "section", "article", "ol", "ul", "dl", "table", "tbody", "tr"})


class _Link(NamedTuple):
    element: Element
    document: str
    target: tuple[str, str]
    mark: str


def note_rules(documents: Iterable[Document]) -> dict[Element, str]:
    """The rule of each element that is a note reference or a note."""
    books = [document for document in documents if not document.rule]
    ids = {
        (document.name, name): element
        for document in books
        for element in document.root.iter()
        for name in (element.get("id"), element.get("name"))
        if name
    }
    rules: dict[Element, str] = {}
    references: dict[Element, Element] = {}
    for document in books:
        for link in _links(document):
            note = _note_of(link, ids, rules)
            if note is not None:
                rules |= dict.fromkeys(_whole_note(note), "note")
                references.setdefault(note, link.element)
                if is_reference(link.element):
                    rules[link.element] = "note-reference"
                    _absorb_brackets(link.element)
        rules |= _unlinked(document, rules)
    for document in books if references else ():
        rules |= dict.fromkeys(list(continuations(document, rules, references)), "note")
    raised = {link.getparent() for link in references.values() if link.getparent() is not None}
    return rules | dict.fromkeys((each for each in raised if _holds_references_only(each, rules)), "note-reference")


def _holds_references_only(element: Element, rules: Mapping[Element, str]) -> bool:
    """Whether raised text is several references with commas between them."""
    links = [each for each in element if each in rules]
    between = [element.text or "", *(each.tail or "" for each in links)]
    is_all = len(links) == len(element) and not any(one.isalnum() for text in between for one in text)
    return is_all and len(links) > 1 and _is_superscript(element)


def _absorb_brackets(link: Element) -> None:
    """Move square brackets around a reference into it, so that they are left out with it."""
    before, tail = link.getprevious(), link.tail or ""
    text = (before.tail if before is not None else link.getparent().text) or ""
    if not text.endswith("[") or not tail.startswith("]"):
        return
    if before is not None:
        before.tail = text[:-1]
    else:
        link.getparent().text = text[:-1]
    link.text = "[" + (link.text or "")
    link.tail = tail[1:]
    if len(link):
        link[-1].tail = (link[-1].tail or "") + "]"
    else:
        link.text += "]"


def _unlinked(document: Document, rules: Mapping[Element, str]) -> dict[Element, str]:
    """The notes that only a class marks and that begin with a mark, and the raised marks that refer to them."""
    notes: dict[Element, str] = {}
    for element in document.root.iter():
        named = element.get("class", "") if local_name(element) in BLOCKS else ""
        if named and _NOTE_CLASS.search(named) and element not in rules and (mark := _first_mark(element)):
            notes[element] = mark
    marks = set(notes.values())
    raised = (element for element in document.root.iter() if marks and local_name(element) == "sup")
    found = dict.fromkeys(notes, "note")
    for element in raised:
        if "".join(element.itertext()).strip() in marks and not any(_is_within(element, note) for note in notes):
            found.setdefault(element, "note-reference")
    return found


def _first_mark(note: Element) -> str:
    """The mark with which a note begins; empty without one."""
    first = next((each for each in note.iter() if local_name(each) == "sup"), None)
    mark = "".join(first.itertext()).strip() if first is not None else ""
    text = "".join(note.itertext()).lstrip()
    if mark and _MARK.fullmatch(mark) and text.startswith(mark):
        return mark
    start = _NOTE_START.match(text)
    return start["mark"] if start else ""


def _links(document: Document) -> Iterator[_Link]:
    for element in document.root.iter():
        if local_name(element) != "a" or not element.get("href"):
            continue
        mark = "".join(element.itertext()).strip()
        target = resolve(document.name, element.get("href"))
        if target[1] and (_MARK.fullmatch(mark) or "noteref" in epub_types(element)):
            yield _Link(element, document.name, target, mark)


def _note_of(link: _Link, ids: dict[tuple[str, str], Element], rules: dict[Element, str]) -> Element | None:
    """The element of the note that a link leads to; None where the link is not a reference to a note."""
    target = ids.get(link.target)
    if target is None:
        return None
    note = _block_of(target)
    if note is None or rules.get(note, "note") != "note" or _is_within(link.element, note):
        return None
    if "noteref" in epub_types(link.element):
        return note
    is_marked = (
        _is_raised(link.element)
        or _links_back(note, link, ids)
        or _is_in_brackets(link.element)
        or _NOTE_WORD.search(_names(link.element, target))
        or not (link.mark.isascii() and link.mark.isalnum())
    )
    if not is_marked or _is_at_start(link.element) or _begins_its_note(link.element):
        return None
    return note if _begins_with(note, link.mark) or _links_back(note, link, ids) else None


def _block_of(target: Element) -> Element | None:
    """The note that holds a target: its nearest block, or the box around that block if it holds nothing else."""
    found: Element | None = None
    for element in (target, *target.iterancestors()):
        name = local_name(element)
        if name in _STOP:
            break
        if name in BLOCKS:
            if found is None or (_NOTE_WORD.search(_names(element)) and len(_marks_within(element)) < 2):
                found = element
            else:
                break
    return found


def _whole_note(note: Element) -> list[Element]:
    """A note with the elements that continue it: the definitions of a term, or the other cells of its row."""
    name = local_name(note)
    if name in ("td", "th") and note.getprevious() is None:
        return [note.getparent()]
    found = [note]
    following = note.getnext() if name == "dt" else None
    while following is not None and local_name(following) == "dd":
        found.append(following)
        following = following.getnext()
    return found


def _marks_within(element: Element) -> list[Element]:
    links = [each for each in element.iter() if local_name(each) == "a" and each.get("href")]
    return [each for each in links if _is_at_start(each)]


def _is_within(element: Element, other: Element) -> bool:
    return any(each is other for each in (element, *element.iterancestors()))


def _is_raised(element: Element) -> bool:
    parent = element.getparent()
    return any(map(_is_superscript, [*element.iter(), *([] if parent is None else [parent])]))


def _is_superscript(element: Element) -> bool:
    named, style = element.get("class", ""), element.get("style", "")
    return local_name(element) == "sup" or bool(_RAISED_CLASS.search(named) or _RAISED_STYLE.search(style))


def _is_in_brackets(link: Element) -> bool:
    before = link.getprevious()
    text = (before.tail if before is not None else link.getparent().text) or ""
    return text.endswith("[") and (link.tail or "").startswith("]")


def _begins_its_note(link: Element) -> bool:
    """Whether only an opening bracket is before a link in its block: the mark of a note, which links back."""
    parent = link.getparent()
    return link.getprevious() is None and local_name(parent) in BLOCKS and (parent.text or "").strip() in ("[", "(")


def _names(*elements: Element) -> str:
    words = (each.get(name, "") for each in elements for name in ("class", "id", "href"))
    return " ".join(words)


def _is_at_start(link: Element) -> bool:
    """Whether nothing but blanks stands before a link in its block."""
    element = link
    while True:
        if element.getprevious() is not None:
            before = element.getprevious()
            if (before.tail or "").strip() or "".join(before.itertext()).strip():
                return False
            element = before
            continue
        parent = element.getparent()
        if parent is None:
            return True
        if (parent.text or "").strip():
            return False
        if local_name(parent) in BLOCKS:
            return True
        element = parent


def _begins_with(note: Element, mark: str) -> bool:
    bare = unicodedata.normalize("NFKC", mark).strip("[](){}. ")
    text = unicodedata.normalize("NFKC", "".join(note.itertext())).lstrip("[({ \t\r\n")
    return text.startswith(bare) and not text[len(bare) : len(bare) + 1].isalnum()


def _links_back(note: Element, link: _Link, ids: dict[tuple[str, str], Element]) -> bool:
    """Whether a note links to the reference, or to the block that the reference is in."""
    for each in note.iter():
        if local_name(each) != "a" or not each.get("href"):
            continue
        target = ids.get(resolve(link.target[0], each.get("href")))
        text = "".join(each.itertext()).strip()
        is_back = _MARK.fullmatch(text) or _BACK.fullmatch(text) or _BACK_WORD.match(text)
        if target is not None and is_back:
            near = [link.element, *link.element.iter(), *link.element.iterancestors()]
            if any(target is one for one in near):
                return True
    return False
