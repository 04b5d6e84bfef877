"""Tables of contents: EPUB 3 navigation documents, NCX files, and headings."""

from collections.abc import Callable, Iterator
from typing import Final

from voicemill.book.importing.block_names import BLOCKS
from voicemill.book.importing.source import Element, Entry, epub_types, local_name, resolve

_DEEPEST: Final = 20
_LISTS: Final = ("ol", "ul")


def nav_entries(root: Element, path: str, find: Callable[[str], str]) -> list[Entry]:
    """The entries of the table of contents in a navigation document."""
    navs = [each for each in root.iter() if local_name(each) == "nav"]
    chosen = next((nav for nav in navs if "toc" in epub_types(nav)), None)
    if chosen is None:
        chosen = next((nav for nav in navs if not epub_types(nav) & {"landmarks", "page-list"}), None)
    if chosen is None:
        return []
    lists = [*_lists_within(chosen)]
    if lists:
        return [entry for each in lists for entry in _of_list(each, path, find, 0)]
    return [_entry(each, path, find) for each in chosen.iter() if local_name(each) == "a" and each.get("href")]


def landmarks_of(root: Element, path: str) -> list[tuple[str, tuple[str, str]]]:
    """The kinds of parts of the book that a navigation document names, each with its document and fragment."""
    navs = [each for each in root.iter() if local_name(each) == "nav" and "landmarks" in epub_types(each)]
    links = [each for nav in navs for each in nav.iter() if local_name(each) == "a" and each.get("href")]
    return [(kind, resolve(path, link.get("href"))) for link in links for kind in epub_types(link)]


def _lists_within(element: Element) -> Iterator[Element]:
    """The lists of an element that are in no other list of it."""
    for child in element:
        if local_name(child) in _LISTS:
            yield child
        else:
            yield from _lists_within(child)


def _of_list(items: Element, path: str, find: Callable[[str], str], depth: int) -> Iterator[Entry]:
    """The entries of a list; a list that stands between its items belongs to the item before it."""
    entries: list[Entry] = []
    for item in items if depth < _DEEPEST else ():
        if local_name(item) in _LISTS:
            (entries[-1].children if entries else entries).extend(_of_list(item, path, find, depth + 1))
        elif local_name(item) == "li":
            entry = _entry(item, path, find)
            entry.children += [
                nested for each in _lists_within(item) for nested in _of_list(each, path, find, depth + 1)
            ]
            if entry.title or entry.children:
                entries.append(entry)
    yield from entries


def _entry(item: Element, path: str, find: Callable[[str], str]) -> Entry:
    """An entry with the words of its item before nested lists, and the target of its first link."""
    outside = [*_outside_lists(item)]
    words = " ".join("".join(text for text, _ in outside).split())
    href = next((each.get("href") for _, each in outside if local_name(each) == "a" and each.get("href")), "")
    document, fragment = resolve(path, href) if href else ("", "")
    return Entry(words, find(document) or document, fragment)


def _outside_lists(element: Element) -> Iterator[tuple[str, Element]]:
    """The pieces of text of an element that are in no nested list, each with the element that it belongs to."""
    yield element.text or "", element
    for child in element:
        if local_name(child) not in _LISTS:
            yield " " if local_name(child) in BLOCKS else "", element
            yield from _outside_lists(child)
        yield child.tail or "", element


def ncx_entries(root: Element, path: str, find: Callable[[str], str]) -> list[Entry]:
    """The entries of an NCX file."""
    maps = (each for each in root.iter() if local_name(each) == "navmap")
    return [entry for nav_map in maps for entry in _of_points(nav_map, path, find, 0)]


def _of_points(parent: Element, path: str, find: Callable[[str], str], depth: int) -> Iterator[Entry]:
    for point in parent if depth < _DEEPEST else ():
        if local_name(point) != "navpoint":
            continue
        title, href = "", ""
        for child in point:
            if local_name(child) == "navlabel":
                title = " ".join("".join(child.itertext()).split())
            elif local_name(child) == "content":
                href = child.get("src", "")
        document, fragment = resolve(path, href) if href else ("", "")
        yield Entry(title, find(document) or document, fragment, [*_of_points(point, path, find, depth + 1)])
