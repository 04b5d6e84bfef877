"""The cover of an EPUB: where the book names or shows it, and as a JPEG, whatever image format the book has it in."""

import io
import re
import warnings
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from voicemill.book.importing.archive import Archive
from voicemill.book.importing.package_document import Package, named, words_of
from voicemill.book.importing.source import Document, local_name, resolve

_IMAGE_SUFFIXES: Final = (".jpg", ".jpeg", ".png", ".gif", ".webp", ".bmp")
_COVER_NAME = re.compile(r"(?<![a-z])(?<!back[-_])cover[^/]*$", re.IGNORECASE)
_LINK: Final = "{http://www.w3.org/1999/xlink}href"
_MAX_PIXELS: Final = 60_000_000
_QUALITY: Final = 90


def as_jpeg(content: bytes) -> bytes:
    """The image as a JPEG; empty for an image that cannot be read or that is unreasonably large."""
    if not content or content.startswith(b"\xff\xd8\xff"):
        return content
    from PIL import Image

    with warnings.catch_warnings():
        warnings.simplefilter("error", Image.DecompressionBombWarning)
        try:
            with Image.open(io.BytesIO(content)) as image:
                if image.width * image.height > _MAX_PIXELS:
                    return b""
                made = io.BytesIO()
                image.convert("RGB").save(made, "JPEG", quality=_QUALITY)
        except (OSError, ValueError, SyntaxError, Warning, Image.DecompressionBombError):
            return b""
    return made.getvalue()


def cover_of(
    package: Package, documents: Sequence[Document], parts: Iterable[tuple[str, tuple[str, str]]], archive: Archive
) -> bytes:
    """The image that the package, its guide or its landmarks (`parts`) name as the cover, or that the first page shows.

    Empty if there is none.
    """
    pages = {document.name: document for document in documents}
    for path in _candidates(package, documents, parts):
        shown = _images_on(pages[path]) if path in pages else [path]
        for image in filter(None, map(archive.find, shown)):
            if image.lower().endswith(_IMAGE_SUFFIXES) or _is_image(image, package, archive):
                return archive.read(image)
    return b""


def _candidates(
    package: Package, documents: Sequence[Document], parts: Iterable[tuple[str, tuple[str, str]]]
) -> Iterator[str]:
    """Paths of images, and of documents that may show the cover, the likeliest first."""
    yield from (item.path for item in package.items.values() if "cover-image" in item.properties)
    for meta in named(package.root, "meta"):
        if meta.get("name", "").lower() == "cover":
            content = meta.get("content", "")
            yield package.items[content].path if content in package.items else resolve(package.path, content)[0]
    yield from (path for kind, (path, _) in parts if kind == "cover")
    yield from (item.path for item in package.items.values() if _COVER_NAME.search(item.path))
    yield from (document.name for document in documents[:1] if not _body_words(document))


def _is_image(path: str, package: Package, archive: Archive) -> bool:
    types = (item.media_type for item in package.items.values() if archive.find(item.path) == path)
    return any(kind.startswith("image/") and "svg" not in kind for kind in types)


def _images_on(page: Document) -> list[str]:
    """The paths of the images on a page."""
    links = [
        each.get("src") or each.get("href") or each.get(_LINK) or ""
        for each in page.root.iter()
        if local_name(each) in ("img", "image")
    ]
    return [resolve(page.name, link)[0] for link in links]


def _body_words(page: Document) -> str:
    body = next(named(page.root, "body"), page.root)
    return words_of(body)
