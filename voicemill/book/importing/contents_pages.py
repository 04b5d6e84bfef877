"""Recognize printed tables of contents that the book does not mark as such."""

import re
from collections.abc import Iterator, Set
from typing import Final

from voicemill.book.importing.source import Element, local_name, resolve

TITLE: Final = re.compile(
    r"\W*(?:(?:table of )?contents|inhalt|sommaire|table des mati|indice|índice|inhoud)", re.IGNORECASE
)
_LINKED_SHARE: Final = 0.7
_FEWEST_LINKS: Final = 5
FEWEST_LINKS_WITH_TITLE: Final = 2


def is_contents_page(root: Element, path: str, others: Set[str]) -> bool:
    """Whether nearly all words of a document, besides its headings, are links to the `others` of the book."""
    body = next((each for each in root.iter() if local_name(each) == "body"), root)
    links = [*_links(body, path, others)]
    has_title = TITLE.match("".join(body.itertext())) is not None
    if len(links) < (FEWEST_LINKS_WITH_TITLE if has_title else _FEWEST_LINKS):
        return False
    headings = [each for each in body.iter() if re.fullmatch(r"h[1-6]", local_name(each))]
    outside = sum(_letters(each) for each in headings if not [*_links(each, path, others)])
    return sum(map(_letters, links)) >= _LINKED_SHARE * (_letters(body) - outside)


def _links(within: Element, path: str, others: Set[str]) -> Iterator[Element]:
    for each in within.iter():
        if local_name(each) == "a" and resolve(path, each.get("href", ""))[0] in others:
            yield each


def _letters(element: Element) -> int:
    return sum(map(str.isalnum, "".join(element.itertext())))
