"""EPUB 2 and 3: the package document, its spine, its contents and its cover."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final, NamedTuple

from voicemill.book.importing.archive import Archive
from voicemill.book.importing.block_names import spaced_text
from voicemill.book.importing.contents import nav_entries, ncx_entries
from voicemill.book.importing.contents_pages import is_contents_page
from voicemill.book.importing.markup import decoded, parse
from voicemill.book.importing.source import About, Document, Element, Entry, Source, local_name, resolve
from voicemill.book.importing.style_sheets import hidden_selectors
from voicemill.errors import BookError

_CONTAINER: Final = "META-INF/container.xml"
_MARKUP: Final = ("application/xhtml+xml", "text/html", "application/x-dtbook+xml", "text/x-oeb1-document")
_MARKUP_SUFFIXES: Final = (".xhtml", ".html", ".htm", ".xml")
_PAGE_SUFFIXES: Final = (".xhtml", ".html", ".htm")
_IMAGES: Final = ("image/jpeg", "image/png", "image/gif", "image/webp", "image/bmp")
_GUIDE_KINDS: Final = {"title-page": "titlepage", "copyright": "copyright-page", "notes": "endnotes"}


class _Item(NamedTuple):
    path: str
    media_type: str
    properties: frozenset[str]


class _Package:
    """The parsed package document: `items` by id, the ids of the spine with whether each is linear, and the kinds of
    documents that the guide names."""

    def __init__(self, root: Element, path: str) -> None:
        self.root, self.path = root, path
        found = {name: [*_named(root, name)] for name in ("item", "itemref", "reference")}
        self.items: dict[str, _Item] = {}
        for item in found["item"]:
            self.items.setdefault(item.get("id", ""), _item(item, path))
        self.spine = [(each.get("idref", ""), each.get("linear", "yes").lower() != "no") for each in found["itemref"]]
        self.kinds = {
            resolve(path, each.get("href", ""))[0]: _GUIDE_KINDS.get(kind, kind)
            for each in found["reference"]
            for kind in [each.get("type", "").lower()]
            if kind not in ("text", "start", "")
        }

    def meta(self, name: str) -> str:
        """The first element of the Dublin Core with this name; empty if there is none."""
        return next((text for each in _named(self.root, name) if (text := _text(each))), "")

    def authors(self) -> str:
        """The creators, joined as people write them."""
        names = list(dict.fromkeys(text for each in _named(self.root, "creator") if (text := _text(each))))
        return names[0] if len(names) == 1 else " and ".join([", ".join(names[:-1]), names[-1]]) if names else ""


def _item(element: Element, path: str) -> _Item:
    return _Item(
        resolve(path, element.get("href", ""))[0],
        element.get("media-type", "").strip().lower(),
        frozenset(element.get("properties", "").split()),
    )


def read_epub(path: Path) -> Source:
    """Read an EPUB. Raises `BookError`."""
    with Archive(path) as archive:
        package = _package(archive)
        spine = [*_spine(package, archive)]
        navigation = next((item.path for item in package.items.values() if "nav" in item.properties), "")
        archive.check_no_drm({item.path for item, _ in spine} | {navigation})
        documents, ignored = _documents(package, spine, archive)
        if not documents:
            raise BookError(f"{path} has no documents to read in its spine; check the file in an e-book reader")
        entries, more = _contents(package, spine, navigation, archive)
        unread = _rest(package, {each.name for each in documents} | {archive.find(navigation)}, archive)
        about = _about(package, archive)
    return Source(about, tuple(documents), tuple(entries), (*ignored, *more, *unread))


def _package(archive: Archive) -> _Package:
    container = archive.find(_CONTAINER)
    path = ""
    if container:
        root, _ = parse(decoded(archive.read(container), _CONTAINER), _CONTAINER)
        path = next((archive.find(each.get("full-path", "")) for each in _named(root, "rootfile")), "")
    path = path or next((name for name in archive.names if name.lower().endswith(".opf")), "")
    if not path:
        raise BookError("the archive has no package document (.opf), so it is not an EPUB")
    root, _ = parse(decoded(archive.read(path), path), path)
    return _Package(root, path)


def _spine(package: _Package, archive: Archive) -> Iterator[tuple[_Item, bool]]:
    seen: set[str] = set()
    for item_id, is_linear in package.spine:
        item = package.items.get(item_id)
        if item is None or item.path in seen:
            continue
        seen.add(item.path)
        if item.media_type in _MARKUP or item.path.lower().endswith(_MARKUP_SUFFIXES):
            path = archive.find(item.path)
            if not path:
                raise BookError(f"the book has no file {item.path!r}, which its spine names; download the book again")
            yield item._replace(path=path), is_linear


def _documents(
    package: _Package, spine: list[tuple[_Item, bool]], archive: Archive
) -> tuple[list[Document], list[tuple[str, str, str]]]:
    documents: list[Document] = []
    ignored: list[tuple[str, str, str]] = []
    hidden = _hidden(package, archive)
    paths = {item.path for item, _ in spine}
    for item, is_linear in spine:
        root, removed = parse(decoded(archive.read(item.path), item.path), item.path)
        if removed:
            ignored.append((_escaped(removed), "control-characters", item.path))
        rule = "" if is_linear else "not-in-reading-order"
        if "nav" in item.properties or is_contents_page(root, item.path, paths - {item.path}):
            rule = "table-of-contents"
        own = frozenset(hidden_selectors("".join(_text(each) for each in _named(root, "style"))))
        documents.append(Document(item.path, root, rule, package.kinds.get(item.path, ""), hidden | own))
    return documents, ignored


def _hidden(package: _Package, archive: Archive) -> frozenset[str]:
    sheets = [archive.find(item.path) for item in package.items.values() if item.media_type == "text/css"]
    texts = (archive.read(name).decode("utf-8", "replace") for name in sheets if name)
    return frozenset(selector for text in texts for selector in hidden_selectors(text))


def _contents(
    package: _Package, spine: list[tuple[_Item, bool]], navigation: str, archive: Archive
) -> tuple[list[Entry], list[tuple[str, str, str]]]:
    """The entries of the navigation document or, without one, of the NCX; and the text of a navigation document that
    is not in the spine."""
    if path := archive.find(navigation):
        root, _ = parse(decoded(archive.read(path), path), path)
        entries = nav_entries(root, path, archive.find)
        unread = (
            []
            if any(item.path == navigation for item, _ in spine)
            else [(" ".join(spaced_text(root).split()), "table-of-contents", path)]
        )
        if entries:
            return entries, unread
    toc_id = next((each.get("toc", "") for each in _named(package.root, "spine")), "")
    candidates = [package.items[toc_id]] if toc_id in package.items else []
    candidates += [item for item in package.items.values() if item.media_type == "application/x-dtbncx+xml"]
    for item in candidates:
        if path := archive.find(item.path):
            root, _ = parse(decoded(archive.read(path), path), path)
            if entries := ncx_entries(root, path, archive.find):
                return entries, []
    return [], []


def _rest(package: _Package, read: set[str], archive: Archive) -> list[tuple[str, str, str]]:
    """The text of documents outside the spine, such as pop-up notes, and outside the package."""
    listed = {archive.find(item.path): item.media_type for item in package.items.values()}
    unlisted = [
        name
        for name in archive.names
        if name not in listed
        and name.lower().endswith(_PAGE_SUFFIXES)
        and not name.startswith("__MACOSX/")
        and name not in read
    ]
    rules = {path: "not-in-the-spine" for path, kind in listed.items() if path and path not in read and kind in _MARKUP}
    rules |= dict.fromkeys(unlisted, "not-in-the-package")
    found = [(_text_of(path, archive), rule, path) for path, rule in rules.items()]
    return [each for each in found if each[0]]


def _text_of(path: str, archive: Archive) -> str:
    root, _ = parse(decoded(archive.read(path), path), path)
    return " ".join(spaced_text(root).split())


def _about(package: _Package, archive: Archive) -> About:
    return About(
        title=package.meta("title"),
        author=package.authors(),
        language=package.meta("language"),
        publisher=package.meta("publisher"),
        identifier=package.meta("identifier"),
        date=package.meta("date"),
        cover=_cover(package, archive),
    )


def _cover(package: _Package, archive: Archive) -> bytes:
    """The image that the package names as its cover; empty if there is none that can be read."""
    named = [
        each.get("content", "") for each in _named(package.root, "meta") if each.get("name", "").lower() == "cover"
    ]
    items = [item for item in package.items.values() if "cover-image" in item.properties]
    items += [package.items[item_id] for item_id in named if item_id in package.items]
    items += [item for item in package.items.values() if re.search(r"cover", item.path, re.IGNORECASE)]
    for item in items:
        path = archive.find(item.path)
        if path and item.media_type in _IMAGES:
            return archive.read(path)
    return b""


def _named(root: Element, name: str) -> Iterator[Element]:
    return (element for element in root.iter() if local_name(element) == name)


def _text(element: Element) -> str:
    return " ".join("".join(element.itertext()).split())


def _escaped(characters: str) -> str:
    return " ".join(f"U+{ord(one):04X}" for one in characters[:1000])
