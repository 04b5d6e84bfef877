"""EPUB 2 and 3: the package document, its spine, its contents and its cover."""

import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Final, NamedTuple

from voicemill.book.importing.archive import Archive
from voicemill.book.importing.block_names import spaced_text
from voicemill.book.importing.contents import landmarks_of, nav_entries, ncx_entries
from voicemill.book.importing.contents_pages import is_contents_page
from voicemill.book.importing.markup import decoded, parse
from voicemill.book.importing.source import About, Document, Element, Entry, Source, local_name, resolve
from voicemill.book.importing.style_sheets import displays_as_block, hides, selectors
from voicemill.errors import BookError

_CONTAINER: Final = "META-INF/container.xml"
_MARKUP: Final = ("application/xhtml+xml", "text/html", "application/x-dtbook+xml", "text/x-oeb1-document")
_DRAWING: Final = "image/svg+xml"
_NCX: Final = "application/x-dtbncx+xml"
_MARKUP_SUFFIXES: Final = (".xhtml", ".html", ".htm", ".xml")
_PAGE_SUFFIXES: Final = (".xhtml", ".html", ".htm")
_IMAGES: Final = ("image/jpeg", "image/png", "image/gif", "image/webp", "image/bmp")
_GUIDE_KINDS: Final = {"title-page": "titlepage", "copyright": "copyright-page", "notes": "endnotes"}
_STARTS: Final = frozenset({"text", "start", "bodymatter"})
_PAGES: Final = frozenset({"cover", "titlepage", "halftitlepage"})
_LONGEST_PAGE: Final = 3000
"""Characters: a document that is called a title page and has more text holds something else, too."""


class _Item(NamedTuple):
    path: str
    media_type: str
    properties: frozenset[str]


class _Package:
    """The parsed package document: `items` by id, the ids of the spine with whether each is linear, and the documents
    that the guide names, each with its kind."""

    def __init__(self, root: Element, path: str) -> None:
        self.root, self.path = root, path
        found = {name: [*_named(root, name)] for name in ("item", "itemref", "reference")}
        self.items: dict[str, _Item] = {}
        for item in found["item"]:
            self.items.setdefault(item.get("id", ""), _item(item, path))
        self.spine = [(each.get("idref", ""), each.get("linear", "yes").lower() != "no") for each in found["itemref"]]
        references = found["reference"]
        self.guide = [(each.get("type", "").lower(), resolve(path, each.get("href", ""))) for each in references]

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
        navigation = archive.find(navigation)
        archive.check_no_drm({item.path for item, _ in spine} | {navigation})
        nav = parse(decoded(archive.read(navigation), navigation), navigation)[0] if navigation else None
        landmarks = [] if nav is None else landmarks_of(nav, navigation)
        documents, ignored = _documents(package, spine, _kinds([*package.guide, *landmarks]), archive)
        if not documents:
            raise BookError(f"{path} has no documents to read in its spine; check the file in an e-book reader")
        entries, more = _contents(package, spine, nav, navigation, archive)
        unread = _rest(package, {each.name for each in documents} | {navigation}, archive)
        about = _about(package, archive)
    return Source(about, tuple(documents), tuple(entries), (*ignored, *more, *unread))


def _package(archive: Archive) -> _Package:
    container = archive.find(_CONTAINER)
    path = ""
    if container:
        root, _ = parse(decoded(archive.read(container), _CONTAINER), _CONTAINER)
        named = [(each.get("media-type", ""), each.get("full-path", "")) for each in _named(root, "rootfile")]
        packages = [name for kind, name in named if "oebps-package" in kind or name.lower().endswith(".opf")]
        path = next(filter(None, map(archive.find, packages)), "")
    path = path or next((name for name in archive.names if name.lower().endswith(".opf")), "")
    if not path:
        raise BookError("the archive has no package document (.opf), so it is not an EPUB")
    root, _ = parse(decoded(archive.read(path), path), path)
    return _Package(root, path)


def _spine(package: _Package, archive: Archive) -> Iterator[tuple[_Item, bool]]:
    seen: set[str] = set()
    for item_id, is_linear in package.spine:
        item = package.items.get(item_id)
        if item is None or not (
            item.media_type in (*_MARKUP, _DRAWING) or item.path.lower().endswith(_MARKUP_SUFFIXES)
        ):
            continue
        path = archive.find(item.path)
        if not path:
            raise BookError(f"the book has no file {item.path!r}, which its spine names; download the book again")
        if path not in seen:
            yield item._replace(path=path), is_linear
        seen.add(path)


def _kinds(references: Iterable[tuple[str, tuple[str, str]]]) -> dict[str, str]:
    """The kinds of documents by their path, as the guide and the landmarks name them.

    A reference to a place within a document says nothing about the rest of it, nor does one to the document with which
    reading starts.
    """
    listed = [(kind, path) for kind, (path, fragment) in references if not fragment]
    starts = {path for kind, path in listed if kind in _STARTS}
    return {path: _GUIDE_KINDS.get(kind, kind) for kind, path in listed if path not in starts}


def _documents(
    package: _Package, spine: list[tuple[_Item, bool]], kinds: Mapping[str, str], archive: Archive
) -> tuple[list[Document], list[tuple[str, str, str]]]:
    documents: list[Document] = []
    ignored: list[tuple[str, str, str]] = []
    sheets = _style_sheets(package, archive)
    hidden, blocks = (frozenset(selectors(sheets, each)) for each in (hides, displays_as_block))
    paths = {item.path for item, _ in spine}
    for item, is_linear in spine:
        root, removed = parse(decoded(archive.read(item.path), item.path), item.path)
        if removed:
            ignored.append((_escaped(removed), "control-characters", item.path))
        rule = "" if is_linear else "not-in-reading-order"
        if "nav" in item.properties or is_contents_page(root, item.path, paths - {item.path}):
            rule = "table-of-contents"
        kind = _kind(kinds.get(item.path, ""), root) if len(spine) > 1 else ""
        own = "".join(_text(each) for each in _named(root, "style"))
        own_hidden, own_blocks = (frozenset(selectors(own, each)) for each in (hides, displays_as_block))
        documents.append(Document(item.path, root, rule, kind, hidden | own_hidden, blocks | own_blocks))
    return documents, ignored


def _kind(named: str, root: Element) -> str:
    is_longer = named in _PAGES and len(_text(root)) > _LONGEST_PAGE
    return "" if is_longer else named


def _style_sheets(package: _Package, archive: Archive) -> str:
    sheets = [archive.find(item.path) for item in package.items.values() if item.media_type == "text/css"]
    return "\n".join(archive.read(name).decode("utf-8", "replace") for name in sheets if name)


def _contents(
    package: _Package, spine: list[tuple[_Item, bool]], nav: Element | None, navigation: str, archive: Archive
) -> tuple[list[Entry], list[tuple[str, str, str]]]:
    """The entries of the navigation document or, without one, of the NCX; and the text of a navigation document that
    is not in the spine."""
    unread: list[tuple[str, str, str]] = []
    if nav is not None:
        if all(item.path != navigation for item, _ in spine):
            unread = [(" ".join(spaced_text(nav).split()), "table-of-contents", navigation)]
        if entries := nav_entries(nav, navigation, archive.find):
            return entries, unread
    for path in _ncx_files(package, archive):
        root, _ = parse(decoded(archive.read(path), path), path)
        if entries := ncx_entries(root, path, archive.find):
            return entries, unread
    return [], unread


def _ncx_files(package: _Package, archive: Archive) -> Iterator[str]:
    """The files that may be an NCX: the one that the spine names, and those with its media type or its suffix."""
    toc_id = next((each.get("toc", "") for each in _named(package.root, "spine")), "")
    named = [package.items[toc_id]] if toc_id in package.items else []
    named += [item for item in package.items.values() if item.media_type == _NCX or item.path.lower().endswith(".ncx")]
    yield from filter(None, (archive.find(item.path) for item in named))


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
