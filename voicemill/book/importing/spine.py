"""The reading order of an EPUB, also where its package is not quite right."""

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from voicemill.book.importing.archive import Archive
from voicemill.book.importing.package_document import Item, Package
from voicemill.book.importing.source import Entry
from voicemill.errors import BookError

MARKUP_TYPES: Final = ("application/xhtml+xml", "text/html", "application/x-dtbook+xml", "text/x-oeb1-document")
PAGE_SUFFIXES: Final = (".xhtml", ".html", ".htm", ".xht")
_DRAWING: Final = "image/svg+xml"
_MEDIA: Final = ("image/", "audio/", "video/", "font/")
_MARKUP_START = re.compile(
    rb"\A(?:\xef\xbb\xbf|\xff\xfe|\xfe\xff)?[\s\0]*<\0?(?:\?\0?x|!\0?d|h\0?t|b\0?o)", re.IGNORECASE
)

SpineItem = tuple[Item, bool]
"""A document with its path in the archive, and whether it is linear."""


def spine_of(package: Package, archive: Archive) -> list[SpineItem]:
    """The documents of the spine, each once; one that cannot be shown is replaced by its fallback.

    Raises `BookError` for a document that the archive does not have.
    """
    found: dict[str, SpineItem] = {}
    for item_id, is_linear in package.spine:
        item = _document(package, item_id, archive)
        if item is None:
            continue
        path = archive.find(item.path)
        if not path:
            raise BookError(f"the book has no file {item.path!r}, which its spine names; download the book again")
        found.setdefault(path, (item._replace(path=path), is_linear))
    return list(found.values())


def _document(package: Package, item_id: str, archive: Archive) -> Item | None:
    """The item with this id, or the first of its fallbacks, that is a document."""
    tried: set[str] = set()
    while item_id in package.items and item_id not in tried:
        tried.add(item_id)
        item = package.items[item_id]
        if _is_document(item, archive):
            return item
        item_id = item.fallback
    return None


def _is_document(item: Item, archive: Archive) -> bool:
    """Whether an item is markup: by its media type, its suffix or, where both say nothing, its first bytes."""
    if item.media_type in (*MARKUP_TYPES, _DRAWING) or item.path.lower().endswith((*PAGE_SUFFIXES, ".xml")):
        return True
    path = archive.find(item.path)
    is_media = item.media_type.startswith(_MEDIA)
    return bool(path) and not is_media and _MARKUP_START.match(archive.read(path)[:100]) is not None


def with_listed_documents(
    spine: Sequence[SpineItem], entries: Iterable[Entry], package: Package, archive: Archive
) -> list[SpineItem]:
    """The spine with the documents that only the table of contents names, each after the one named before it.

    That is done only where the spine names an item that the package does not list.
    """
    order = list(spine)
    if all(item_id in package.items for item_id, _ in package.spine):
        return order
    position = 0
    for name in _documents_of(entries):
        known = next((index for index, (item, _) in enumerate(order) if item.path == name), None)
        if known is None and name.lower().endswith(PAGE_SUFFIXES) and name in archive.names:
            order.insert(position, (Item(name, MARKUP_TYPES[0], frozenset(), ""), True))
        position = (position if known is None else known) + 1
    return order


def _documents_of(entries: Iterable[Entry]) -> Iterator[str]:
    for entry in entries:
        yield entry.document
        yield from _documents_of(entry.children)
