"""The style sheets that the documents of an EPUB link, import or contain."""

from collections.abc import Iterator
from typing import Final

from voicemill.book.importing.archive import Archive
from voicemill.book.importing.source import Element, local_name, resolve
from voicemill.book.importing.style_sheets import IMPORTED, Styles

_MOST_SHEETS: Final = 50
_ON_SCREENS: Final = ("", "all", "screen")


class LinkedStyles:
    """The styles of documents; each style sheet is read once, and documents with the same ones share the result."""

    def __init__(self, archive: Archive) -> None:
        self._archive = archive
        self._texts: dict[str, str] = {}
        self._styles: dict[tuple[str, ...], Styles] = {}

    def of(self, root: Element, path: str) -> Styles:
        """The styles of the document at `path`, in the order in which it names them."""
        sheets = tuple(self._sheets(root, path))
        if sheets not in self._styles:
            self._styles[sheets] = Styles(sheets)
        return self._styles[sheets]

    def _sheets(self, root: Element, path: str) -> Iterator[str]:
        for element in root.iter():
            name = local_name(element)
            if name not in ("link", "style") or element.get("media", "").strip().lower() not in _ON_SCREENS:
                continue
            if name == "style":
                yield from self._with_imported("".join(element.itertext()), path, set())
            elif element.get("rel", "").lower().split() == ["stylesheet"]:
                yield from self._linked(path, element.get("href", ""), set())

    def _linked(self, path: str, address: str, seen: set[str]) -> Iterator[str]:
        found = self._archive.find(resolve(path, address)[0])
        if found and found not in seen and len(seen) < _MOST_SHEETS:
            seen.add(found)
            yield from self._with_imported(self._text(found), found, seen)

    def _with_imported(self, text: str, path: str, seen: set[str]) -> Iterator[str]:
        for found in IMPORTED.finditer(text):
            yield from self._linked(path, found[1], seen)
        yield text

    def _text(self, path: str) -> str:
        if path not in self._texts:
            self._texts[path] = self._archive.read(path).decode("utf-8", "replace")
        return self._texts[path]
