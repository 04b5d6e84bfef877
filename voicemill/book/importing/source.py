"""What all readers of books return: documents in reading order, a table of contents, and facts about the book."""

from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import Any, Final
from urllib.parse import unquote, urlsplit

from voicemill.book.importing.style_sheets import Styles

Element = Any
"""An lxml element; lxml has no type annotations."""

_SLASHES: Final = str.maketrans("\\", "/")
EPUB_TYPE: Final = "{http://www.idpf.org/2007/ops}type"


@dataclass(frozen=True, slots=True)
class Document:
    """One document of a book. `rule` excludes all of it; `kind` is its part of the book where the package says so."""

    name: str
    root: Element
    rule: str = ""
    kind: str = ""
    styles: Styles = field(default_factory=Styles)


@dataclass(slots=True)
class Entry:
    """An entry of the table of contents. `document` is empty for an entry without a link.

    An entry made of a heading has the `position` of its block in the book instead, from 0.
    """

    title: str
    document: str = ""
    fragment: str = ""
    children: "list[Entry]" = field(default_factory=list)
    position: int = -1


@dataclass(frozen=True, slots=True)
class About:
    """Facts about the book; what is not known is empty. `cover` is the content of an image file."""

    title: str = ""
    author: str = ""
    language: str = ""
    publisher: str = ""
    identifier: str = ""
    date: str = ""
    cover: bytes = b""


@dataclass(frozen=True, slots=True)
class Source:
    """A book as it was read. `ignored` lists text outside its documents, with the rule and the place of each."""

    about: About
    documents: tuple[Document, ...]
    contents: tuple[Entry, ...]
    ignored: tuple[tuple[str, str, str], ...] = ()


def local_name(element: Element) -> str:
    """The name of an element in lower case, without its namespace or an undeclared prefix.

    Empty for a comment or an instruction.
    """
    tag = element.tag
    return tag.rpartition("}")[2].rpartition(":")[2].lower() if isinstance(tag, str) else ""


def epub_types(element: Element) -> set[str]:
    """The words of an element's `epub:type` and `role`, without prefixes."""
    words = f"{element.get(EPUB_TYPE) or element.get('epub:type') or ''} {element.get('role') or ''}".lower().split()
    return {word.removeprefix("doc-").rpartition(":")[2] for word in words}


def place_of(document: str, path: str) -> str:
    """Where an element is, for people and programs: the document and the path in it."""
    return f"{document}#{path}" if path else document


def resolve(base: str, href: str) -> tuple[str, str]:
    """The path in the package and the fragment that `href` means in the document `base`; empty for other addresses."""
    try:
        parts = urlsplit(href.strip())
    except ValueError:
        return "", ""
    if parts.scheme or parts.netloc:
        return "", ""
    path = unquote(parts.path)
    return (normal_path(str(PurePosixPath(base).parent / path)) if path else base), unquote(parts.fragment)


def normal_path(path: str) -> str:
    """A path without `.` and `..`; those that would lead out of the package stay at its root."""
    steps: list[str] = []
    for step in path.translate(_SLASHES).split("/"):
        if step == "..":
            del steps[-1:]
        elif step not in ("", "."):
            steps.append(step)
    return "/".join(steps)
