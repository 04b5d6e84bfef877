"""Elements that begin on a new line."""

from typing import Final

from lxml import etree

from voicemill.book.importing.source import Element, local_name

BLOCKS: Final = frozenset({
    "address", "article", "aside", "blockquote", "body", "caption", "center", "dd", "details", "dialog", "dir", "div",
    "dl", "dt", "fieldset", "figcaption", "figure", "footer", "form", "h1", "h2", "h3", "h4", "h5", "h6", "header",
    "hgroup", "html", "head", "legend", "li", "main", "menu", "nav", "ol", "p", "pre", "section", "summary", "table",
    "tbody", "td", "tfoot", "th", "thead", "title", "tr", "ul",
    # DTBook and older formats of books
    "level", "level1", "level2", "level3", "level4", "hd", "doctitle", "docauthor", "linegroup", "line", "note",
})  # fmt: skip


def spaced_text(element: Element) -> str:
    """All text of an element, with a blank where a block or a line begins."""
    pieces: list[str] = []
    for event, each in etree.iterwalk(element, events=("start", "end")):
        is_apart = local_name(each) in BLOCKS or local_name(each) == "br"
        if event == "start":
            pieces += [" " * is_apart, each.text or ""]
        else:
            pieces += [" " * is_apart, (each.tail or "") if each is not element else ""]
    return "".join(pieces)
