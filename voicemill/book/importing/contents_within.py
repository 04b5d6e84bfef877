"""Find printed tables of contents within a document: neighboring elements that consist of links to the book."""

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from voicemill.book.importing.contents_pages import FEWEST_LINKS_WITH_TITLE, TITLE
from voicemill.book.importing.source import Document, Element, local_name, resolve

_LINKED_SHARE: Final = 0.7
_HEADING: Final = re.compile(r"h[1-6]|p|div")
_LONGEST_TITLE: Final = 40


def contents_rules(documents: Iterable[Document]) -> dict[Element, str]:
    """The rule of each element that is a part of a table of contents, its heading included."""
    books = [document for document in documents if not document.rule]
    names = {document.name for document in books}
    found = [element for document in books for element in _contents(document, names)]
    return dict.fromkeys(found, "table-of-contents")


def _contents(document: Document, names: set[str]) -> Iterator[Element]:
    links: dict[Element, int] = {}
    for link in _links(document, names):
        for element in (link, *link.iterancestors()):
            links[element] = links.get(element, 0) + 1
    linked = {element for element in links if _is_linked(element, document, names)}
    for parent in {element.getparent() for element in linked} - {None} - linked:
        for run in _runs(parent, linked):
            yield from _with_title(run, sum(links[element] for element in run))


def _links(document: Document, names: set[str]) -> Iterator[Element]:
    """The links to places in the book."""
    for each in document.root.iter():
        if local_name(each) == "a" and each.get("href"):
            target, fragment = resolve(document.name, each.get("href"))
            if target in names and (fragment or target != document.name):
                yield each


def _is_linked(element: Element, document: Document, names: set[str]) -> bool:
    """Whether most letters of an element are those of links."""
    if local_name(element) in ("html", "body"):
        return False
    within = Document(document.name, element)
    return sum(map(_letters, _links(within, names))) >= _LINKED_SHARE * max(1, _letters(element))


def _runs(parent: Element, linked: set[Element]) -> Iterator[list[Element]]:
    """The linked children of an element that follow each other without other text."""
    run: list[Element] = []
    for child in parent:
        if child in linked:
            run.append(child)
        elif _letters(child):
            yield run
            run = []
        if (child.tail or "").strip(" \t\r\n|·•-–—"):
            yield run
            run = []
    yield run


def _with_title(run: Sequence[Element], links: int) -> Sequence[Element]:
    """The elements of a run that is a table of contents, with the heading before them; none of any other run.

    A run in a `nav` needs no heading. Without either, lines that are links may also be those of an annotated poem.
    """
    if (
        run
        and links >= FEWEST_LINKS_WITH_TITLE
        and any(local_name(each) == "nav" for each in (run[0], run[0].getparent()))
    ):
        return run
    before = run[0].getprevious() if run else None
    text = "".join(before.itertext()).strip() if before is not None and _HEADING.fullmatch(local_name(before)) else ""
    has_title = len(text) <= _LONGEST_TITLE and TITLE.match(text) is not None
    return [before, *run] if has_title and links >= FEWEST_LINKS_WITH_TITLE else ()


def _letters(element: Element) -> int:
    return sum(map(str.isalnum, "".join(element.itertext())))
