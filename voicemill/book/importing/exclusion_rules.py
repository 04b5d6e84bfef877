"""Which elements of a book are not spoken, and the name of the rule for each."""

import re
from typing import Final
from unicodedata import normalize

from voicemill.book.importing.source import Element, epub_types
from voicemill.book.importing.style_sheets import Styles

RULES: Final = {
    "head": "the head of a document: its title and its styles",
    "code": "scripts and styles",
    "hidden": "text that no reader sees: hidden by an attribute or a style sheet",
    "not-in-reading-order": "a document that the spine marks as non-linear",
    "not-in-the-spine": "a document outside the reading order",
    "not-in-the-package": "a document in the archive that the package does not list, such as one of another rendition",
    "table-of-contents": "a printed table of contents or list of illustrations",
    "page-list": "a list of the pages of the print edition",
    "page-number": "a page number of the print edition",
    "deleted-text": "text that is struck through",
    "comment": "a comment of a reviewer in a word processor",
    "markup": "attributes, divisions and commands of Markdown that no reader sees",
    "line-number": "a line number beside verse",
    "note-reference": "the mark of a footnote or endnote, and the link back from the note",
    "note": "a footnote or endnote, and the heading of a section of notes",
    "ruby": "a reading aid above or beside a word",
    "invisible-characters": "soft hyphens, zero-width spaces and direction marks",
    "control-characters": "characters that no document may have",
    "image-description": "the description of an image",
    "image-text": "text within a drawing, and the line that stands for a picture in a plain text",
    "media-fallback": "text in place of audio, video or an object",
    "formula-source": "the source of a formula in another notation",
    "form": "fields and buttons of a form",
    "cover": "the cover page",
    "title-page": "the title page; the opening credits say the same",
    "half-title": "the half title page",
    "copyright": "the copyright page or imprint",
    "colophon": "the colophon",
    "index": "the index",
    "bibliography": "the bibliography",
    "license": "the license that a distributor put around the book",
    "emphasis-marks": "underscores, asterisks and equals signs around emphasized words of a plain text",
    "repeated-heading": "a heading that repeats the line before it",
    "not-selected": "a chapter that --chapters leaves out",
    "no-text": "a chapter without a letter or digit that could be spoken",
    "contents-entry: section": "an entry of the table of contents for a section within a chapter; its text is kept",
    "contents-entry: no text": "an entry of the table of contents whose target has no text or does not exist",
    "contents-entry: same place": "an entry of the table of contents that leads where another chapter begins",
    "contents-entry: not selected": "an entry of the table of contents for a chapter that --chapters leaves out",
    "contents-entry: excluded": "an entry of the table of contents whose target is excluded",
}
"""Every rule by its name, with what it leaves out."""

_BY_TAG: Final = {
    "head": "head", "script": "code", "style": "code", "template": "hidden", "rt": "ruby", "rp": "ruby",
    "rtc": "ruby", "svg": "image-text", "audio": "media-fallback", "video": "media-fallback",
    "object": "media-fallback", "iframe": "media-fallback", "canvas": "media-fallback", "noscript": "media-fallback",
    "annotation": "formula-source", "annotation-xml": "formula-source", "select": "form", "button": "form",
    "textarea": "form", "case": "media-fallback", "del": "deleted-text", "s": "deleted-text", "strike": "deleted-text",
    "note": "note", "noteref": "note-reference", "pagenum": "page-number",
}  # fmt: skip
_BY_TYPE: Final = {
    "toc": "table-of-contents", "toc-brief": "table-of-contents", "landmarks": "table-of-contents",
    "loi": "table-of-contents", "lot": "table-of-contents", "loa": "table-of-contents", "lov": "table-of-contents",
    "page-list": "page-list", "pagelist": "page-list", "pagebreak": "page-number",
    "noteref": "note-reference", "biblioref": "note-reference", "backlink": "note-reference",
    "footnote": "note", "footnotes": "note", "endnote": "note", "endnotes": "note", "rearnote": "note",
    "rearnotes": "note", "cover": "cover", "cover-page": "cover", "titlepage": "title-page",
    "title-page": "title-page", "halftitlepage": "half-title", "halftitle": "half-title",
    "copyright-page": "copyright", "copyright": "copyright", "imprint": "copyright", "colophon": "colophon",
    "index": "index", "bibliography": "bibliography",
}  # fmt: skip
_OUR_CLASSES: Final = {
    "voicemill-license": "license", "voicemill-emphasis": "emphasis-marks", "voicemill-contents": "table-of-contents",
    "voicemill-note": "note", "voicemill-reference": "note-reference", "voicemill-page": "page-number",
    "voicemill-picture": "image-text",
}  # fmt: skip
"""Classes that the readers of plain text and of DOCX give."""
_PAGE_CLASS = re.compile(
    r"\b(?:pagenum|pagenumber|page[-_]number|page[-_]num|pageno|pagebreak|pageref|pg|page|folio|pn)\b", re.IGNORECASE
)
_PAGE_TEXT = re.compile(r"[\[({]?\s*(?:pg\.?|page|p\.|seite|s\.)?\s*[\divxlcm]{1,7}\s*[\])}]?", re.IGNORECASE)
_REFERENCE_CLASS = re.compile(
    r"(?<![a-z])(?:fn|foot-?note|end-?note|note)[-_]?(?:ref(?:erence)?|mark|call|anchor)(?![a-z])", re.IGNORECASE
)
_PAGE_ID = re.compile(r"(?:page|pg|p|pagebreak|seite)[-_.]?0*(?P<number>\d{1,4}|[ivxlc]{1,7})", re.IGNORECASE)
_INLINE: Final = ("a", "span", "b", "i", "em", "small", "sup", "sub")
_LINE_CLASS = re.compile(r"\b(?:lnum|linenum|linenumber|line[-_]?num(?:ber)?|lineno|verse[-_]?num)\b", re.IGNORECASE)
_LINE_TEXT = re.compile(r"[\[(]?\d{1,5}[\])]?")
_LONGEST_MARK: Final = 14
_LONGEST_PAGE_NUMBER: Final = 30
_REFERENCE_TEXT = re.compile(
    r"[\W\d_]*(?:see\s+)?(?:(?:foot|end|rear)?-?(?:notes?|fn|anm(?:erkung)?|fu(?:ß|ss)note|nota|voetnoot))?[\W\d_]*"
    r"(?:[ivxlc]{1,6}|[a-z])?[\W_]*",
    re.IGNORECASE,
)


def rule_of(element: Element, name: str, styles: Styles) -> str:
    """The rule that excludes an element with all it holds, by the element itself; empty if it is kept."""
    if name in _BY_TAG:
        return _BY_TAG[name]
    if name == "nav" and "toc" in element.get("id", ""):
        return "table-of-contents"
    if _is_hidden(element, name, styles):
        return "hidden"
    if not element.attrib:
        return ""
    rules = (_BY_TYPE[word] for word in epub_types(element) if word in _BY_TYPE)
    return (
        next((rule for rule in rules if _may_apply(rule, element)), "") or _by_class(element) or _by_id(element, name)
    )


def _may_apply(rule: str, element: Element) -> bool:
    """Whether an element may be what its type says: marks of notes and page numbers are short.

    Some books mark the words that a note explains, or all of a page.
    """
    if rule == "note-reference":
        return is_reference(element)
    return rule != "page-number" or len(_text(element)) <= _LONGEST_PAGE_NUMBER


def is_reference(element: Element) -> bool:
    """Whether the text of an element is the mark of a note, rather than words of a sentence."""
    return "backlink" in epub_types(element) or _REFERENCE_TEXT.fullmatch(normalize("NFKC", _text(element))) is not None


def _text(element: Element) -> str:
    return "".join(element.itertext()).strip()


def rule_of_kind(kind: str) -> str:
    """The rule for a document whose kind the package names; empty if documents of that kind are kept."""
    return _BY_TYPE.get(kind, "")


def _is_hidden(element: Element, name: str, styles: Styles) -> bool:
    if element.get("hidden") is not None or element.get("aria-hidden") == "true":
        return True
    if name == "dialog" and element.get("open") is None:
        return True
    return styles.hides(element)


def _by_id(element: Element, name: str) -> str:
    """The rule for a page number that only its id marks, as `page_12` does for 12."""
    marked = _PAGE_ID.fullmatch(element.get("id", "")) if name in _INLINE else None
    return "page-number" if marked and _text(element).strip("[](){} ") == marked["number"] else ""


def _by_class(element: Element) -> str:
    named = element.get("class", "")
    if not named:
        return ""
    if named in _OUR_CLASSES:
        return _OUR_CLASSES[named]
    if _REFERENCE_CLASS.search(named) and _text(element) and is_reference(element):
        return "note-reference"
    is_page, is_line = _PAGE_CLASS.search(named), _LINE_CLASS.search(named)
    if not is_page and not is_line:
        return ""
    text = _text(element)
    if len(text) > _LONGEST_MARK:
        return ""
    if is_page and _PAGE_TEXT.fullmatch(text):
        return "page-number"
    return "line-number" if is_line and _LINE_TEXT.fullmatch(text) else ""
