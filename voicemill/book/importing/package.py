"""EPUB 2 and 3: the documents of the spine, the table of contents, and what the package says about the book."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final

from voicemill.book.importing.archive import Archive
from voicemill.book.importing.block_names import spaced_text
from voicemill.book.importing.contents import landmarks_of, nav_entries, ncx_entries
from voicemill.book.importing.contents_pages import is_contents_page
from voicemill.book.importing.covers import cover_of
from voicemill.book.importing.linked_styles import LinkedStyles
from voicemill.book.importing.markup import decoded, parse
from voicemill.book.importing.package_document import Item, Package, named, words_of
from voicemill.book.importing.source import About, Document, Element, Entry, Source
from voicemill.book.importing.spine import MARKUP_TYPES, PAGE_SUFFIXES, SpineItem, spine_of, with_listed_documents
from voicemill.errors import BookError

_CONTAINER: Final = "META-INF/container.xml"
_NCX: Final = "application/x-dtbncx+xml"
_GUIDE_KINDS: Final = {"title-page": "titlepage", "copyright": "copyright-page", "notes": "endnotes"}
_STARTS: Final = frozenset({"text", "start", "bodymatter"})
_PAGES: Final = frozenset({"cover", "titlepage", "halftitlepage"})
_LONGEST_PAGE: Final = 3000
"""Characters: a document that is called a title page and has more text holds something else, too."""


def read_epub(path: Path) -> Source:
    """Read an EPUB. Raises `BookError`."""
    with Archive(path) as archive:
        package = _package(archive)
        navigation = next((item.path for item in package.items.values() if "nav" in item.properties), "")
        navigation = archive.find(navigation)
        spine = spine_of(package, archive)
        archive.check_no_drm({item.path for item, _ in spine} | {navigation})
        nav = _root(navigation, archive) if navigation else None
        named_parts = [*package.guide, *([] if nav is None else landmarks_of(nav, navigation))]
        entries = _entries(package, nav, navigation, archive)
        spine = with_listed_documents(spine, entries, package, archive)
        documents, ignored = _documents(package, spine, _kinds(named_parts), archive)
        if not documents:
            raise BookError(f"{path} has no documents to read in its spine; check the file in an e-book reader")
        if nav is not None and all(document.name != navigation for document in documents):
            ignored.append((" ".join(spaced_text(nav).split()), "table-of-contents", navigation))
        unread = _rest(package, {each.name for each in documents} | {navigation}, archive)
        about = _about(package, cover_of(package, documents, named_parts, archive))
    return Source(about, tuple(documents), tuple(entries), (*ignored, *unread))


def _root(path: str, archive: Archive) -> Element:
    return parse(decoded(archive.read(path), path), path)[0]


def _package(archive: Archive) -> Package:
    container = archive.find(_CONTAINER)
    path = ""
    if container:
        root = _root(container, archive)
        files = [(each.get("media-type", ""), each.get("full-path", "")) for each in named(root, "rootfile")]
        packages = [name for kind, name in files if "oebps-package" in kind or name.lower().endswith(".opf")]
        path = next(filter(None, map(archive.find, packages)), "")
    path = path or next((name for name in archive.names if name.lower().endswith(".opf")), "")
    if not path:
        raise BookError("the archive has no package document (.opf), so it is not an EPUB")
    return Package(_root(path, archive), path)


def _kinds(references: Iterable[tuple[str, tuple[str, str]]]) -> dict[str, str]:
    """The kinds of documents by their path, as the guide and the landmarks name them.

    A reference to a place within a document says nothing about the rest of it, nor does one to the document with which
    reading starts.
    """
    listed = [(kind, path) for kind, (path, fragment) in references if not fragment]
    starts = {path for kind, path in listed if kind in _STARTS}
    return {path: _GUIDE_KINDS.get(kind, kind) for kind, path in listed if path not in starts}


def _documents(
    package: Package, spine: Sequence[SpineItem], kinds: Mapping[str, str], archive: Archive
) -> tuple[list[Document], list[tuple[str, str, str]]]:
    documents: list[Document] = []
    ignored: list[tuple[str, str, str]] = []
    styles = LinkedStyles(archive)
    paths = {item.path for item, _ in spine}
    for item, is_linear in spine:
        root, removed = parse(decoded(archive.read(item.path), item.path), item.path)
        if removed:
            ignored.append((_escaped(removed), "control-characters", item.path))
        rule = "" if is_linear else "not-in-reading-order"
        if "nav" in item.properties or is_contents_page(root, item.path, paths - {item.path}):
            rule = "table-of-contents"
        kind = _kind(kinds.get(item.path, ""), root) if len(spine) > 1 else ""
        documents.append(Document(item.path, root, rule, kind, styles.of(root, item.path)))
    return documents, ignored


def _kind(given: str, root: Element) -> str:
    is_longer = given in _PAGES and len(words_of(root)) > _LONGEST_PAGE
    return "" if is_longer else given


def _entries(package: Package, nav: Element | None, navigation: str, archive: Archive) -> list[Entry]:
    """The entries of the navigation document or, without one, of the NCX."""
    if nav is not None and (entries := nav_entries(nav, navigation, archive.find)):
        return entries
    found = (ncx_entries(_root(path, archive), path, archive.find) for path in _ncx_files(package, archive))
    return next((entries for entries in found if entries), [])


def _ncx_files(package: Package, archive: Archive) -> Iterator[str]:
    """The files that may be an NCX: the one that the spine names, and those with its media type or its suffix."""
    toc_id = next((each.get("toc", "") for each in named(package.root, "spine")), "")
    items = [package.items[toc_id]] if toc_id in package.items else []
    items += [item for item in package.items.values() if item.media_type == _NCX or item.path.lower().endswith(".ncx")]
    yield from filter(None, (archive.find(item.path) for item in items))


def _rest(package: Package, read: set[str], archive: Archive) -> list[tuple[str, str, str]]:
    """The text of documents outside the spine, such as pop-up notes, and outside the package."""
    listed = {archive.find(item.path): item for item in package.items.values()}
    rules = {path: "not-in-the-spine" for path, item in listed.items() if path and _is_page(item)}
    unlisted = (name for name in archive.names if name not in listed and not name.startswith("__MACOSX/"))
    rules |= {name: "not-in-the-package" for name in unlisted if name.lower().endswith(PAGE_SUFFIXES)}
    found = [(_text_of(path, archive), rule, path) for path, rule in rules.items() if path not in read]
    return [each for each in found if each[0]]


def _is_page(item: Item) -> bool:
    return item.media_type in MARKUP_TYPES or item.path.lower().endswith(PAGE_SUFFIXES)


def _text_of(path: str, archive: Archive) -> str:
    return " ".join(spaced_text(_root(path, archive)).split())


def _about(package: Package, cover: bytes) -> About:
    return About(
        title=package.meta("title"),
        author=package.authors(),
        language=package.meta("language"),
        publisher=package.meta("publisher"),
        identifier=package.meta("identifier"),
        date=package.meta("date"),
        cover=cover,
    )


def _escaped(characters: str) -> str:
    return " ".join(f"U+{ord(one):04X}" for one in characters[:1000])
