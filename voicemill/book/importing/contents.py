"""Tables of contents: EPUB 3 navigation documents, NCX files, and headings."""

from collections.abc import Callable, Iterator

from voicemill.book.importing.source import Element, Entry, epub_types, local_name, resolve

_DEEPEST = 20


def nav_entries(root: Element, path: str, find: Callable[[str], str]) -> list[Entry]:
    """The entries of the table of contents in a navigation document."""
    navs = [each for each in root.iter() if local_name(each) == "nav"]
    chosen = next((nav for nav in navs if "toc" in epub_types(nav)), None)
    if chosen is None:
        chosen = next((nav for nav in navs if not epub_types(nav) & {"landmarks", "page-list"}), None)
    if chosen is None:
        return []
    first_list = next((each for each in chosen.iter() if local_name(each) in ("ol", "ul")), None)
    return [] if first_list is None else [*_of_list(first_list, path, find, 0)]


def _of_list(items: Element, path: str, find: Callable[[str], str], depth: int) -> Iterator[Entry]:
    for item in items if depth < _DEEPEST else ():
        if local_name(item) != "li":
            continue
        title, href = _label(item)
        document, fragment = resolve(path, href) if href else ("", "")
        entry = Entry(title, find(document) or document, fragment)
        for nested in item:
            if local_name(nested) in ("ol", "ul"):
                entry.children += _of_list(nested, path, find, depth + 1)
        if title or entry.children:
            yield entry


def _label(item: Element) -> tuple[str, str]:
    """The words of an item before its nested list, and the address of its first link."""
    words, href = [item.text or ""], ""
    for child in item:
        if local_name(child) in ("ol", "ul"):
            break
        words += [*child.itertext(), child.tail or ""]
        links = (each.get("href", "") for each in child.iter() if local_name(each) == "a")
        href = href or next(filter(None, links), "")
    return " ".join("".join(words).split()), href


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
