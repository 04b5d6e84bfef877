"""DOCX, Markdown, HTML and plain text as a source of one document."""

from dataclasses import replace
from pathlib import Path
from typing import Final

from voicemill.book.importing.heading_lines import heading_level, is_number_only
from voicemill.book.importing.markdown import html_of_markdown
from voicemill.book.importing.markup import MAX_MARKUP_BYTES, decoded, parse, parse_html
from voicemill.book.importing.plain_text import html_of_text
from voicemill.book.importing.source import About, Document, Element, Source, local_name
from voicemill.book.importing.style_sheets import Styles
from voicemill.book.importing.word import read_word
from voicemill.errors import BookError

_MARKDOWN: Final = (".md", ".markdown", ".mdown", ".mkd")
_HTML: Final = (".html", ".htm", ".xhtml")
_TEXT: Final = (".txt", ".text", "")


def read_document(path: Path) -> Source:
    """Read a book that is one document. Raises `BookError`."""
    suffix = path.suffix.lower()
    if suffix == ".docx":
        return _read_docx(path)
    if suffix not in (*_MARKDOWN, *_HTML, *_TEXT):
        raise BookError(f"{path}: {suffix} files are not supported; give an EPUB, DOCX, Markdown, HTML or TXT file")
    if path.stat().st_size > MAX_MARKUP_BYTES:
        raise BookError(f"{path} has more than {MAX_MARKUP_BYTES:,} bytes; split it into several files")
    text = decoded(path.read_bytes(), path.name).replace("\r\n", "\n").replace("\r", "\n")
    if suffix in _HTML:
        return _read_html(path, text)
    return _read_markdown(path, text) if suffix in _MARKDOWN else _read_text(path, text)


def _read_html(path: Path, text: str) -> Source:
    root, removed = parse(text, path.name)
    sheets = ["".join(each.itertext()) for each in root.iter() if local_name(each) == "style"]
    title = next(
        (" ".join("".join(each.itertext()).split()) for each in root.iter() if local_name(each) == "title"), ""
    )
    meta = {each.get("name", "").lower(): each.get("content", "") for each in root.iter() if local_name(each) == "meta"}
    language = root.get("lang") or root.get("{http://www.w3.org/XML/1998/namespace}lang") or ""
    about = About(title=title or _title_in(root, path), author=meta.get("author", ""), language=language)
    return _source(path, root, about, removed, Styles(sheets))


def _read_markdown(path: Path, text: str) -> Source:
    made, fields, left_out = html_of_markdown(text)
    root, removed = parse_html(made, path.name)
    about = replace(About(title=_title_in(root, path)), **fields)  # type: ignore[arg-type] # all these fields are text
    source = _source(path, root, about, removed)
    return replace(source, ignored=(*source.ignored, *((text, rule, path.name) for text, rule in left_out)))


def _read_text(path: Path, text: str) -> Source:
    made, about = html_of_text(text)
    root, removed = parse(made, path.name)
    return _source(path, root, about if about.title else About(title=path.stem), removed)


def _read_docx(path: Path) -> Source:
    made = read_word(path)
    root, removed = parse_html(made.html, path.name)
    made.check(root)
    about = made.about
    if not about.title:
        about = replace(about, title=_title_in(root, path))
    source = _source(path, root, about, removed)
    return replace(source, ignored=(*source.ignored, *made.left_out))


def _title_in(root: Element, path: Path) -> str:
    """The title of a book that does not state it: its first heading, or the name of the file if that is a chapter's."""
    main = [_text(each) for each in root.iter() if local_name(each) == "h1"]
    headings = main[:1] or [_text(each) for each in root.iter() if local_name(each) == "h2"][:1]
    return next((title for title in headings if title and not _is_of_chapter(title)), path.stem)


def _is_of_chapter(title: str) -> bool:
    return bool(heading_level(title)) or is_number_only(title)


def _text(element: Element) -> str:
    return " ".join("".join(element.itertext()).split())


def _source(path: Path, root: Element, about: About, removed: str, styles: Styles | None = None) -> Source:
    ignored = (
        [(" ".join(f"U+{ord(one):04X}" for one in removed[:1000]), "control-characters", path.name)] if removed else []
    )
    return Source(about, (Document(path.name, root, styles=styles or Styles()),), (), tuple(ignored))
