"""DOCX, Markdown, HTML and plain text as a source of one document."""

import re
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from voicemill.book.importing.archive import Archive
from voicemill.book.importing.markup import MAX_MARKUP_BYTES, decoded, parse, parse_html
from voicemill.book.importing.plain_text import html_of_text
from voicemill.book.importing.source import About, Document, Element, Source, local_name
from voicemill.book.importing.style_sheets import hidden_selectors
from voicemill.errors import BookError

_MARKDOWN: Final = (".md", ".markdown", ".mdown", ".mkd")
_HTML: Final = (".html", ".htm", ".xhtml")
_TEXT: Final = (".txt", ".text", "")
_FRONT_MATTER = re.compile(r"\A---[ \t]*\n(?P<fields>.*?)\n(?:---|\.\.\.)[ \t]*(?:\n|\Z)", re.DOTALL)
_FIELD = re.compile(r"^(?P<name>[A-Za-z]+)[ \t]*:[ \t]*(?P<value>.+?)[ \t]*$", re.MULTILINE)
_FIELDS: Final = {"title": "title", "author": "author", "lang": "language", "language": "language"}
_DOCX_STYLES: Final = "p[style-name='Title'] => h1:fresh\np[style-name='Subtitle'] => h2:fresh"


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
    hidden = frozenset(selector for sheet in sheets for selector in hidden_selectors(sheet))
    title = next(
        (" ".join("".join(each.itertext()).split()) for each in root.iter() if local_name(each) == "title"), ""
    )
    meta = {each.get("name", "").lower(): each.get("content", "") for each in root.iter() if local_name(each) == "meta"}
    language = root.get("lang") or root.get("{http://www.w3.org/XML/1998/namespace}lang") or ""
    about = About(title=title or _first_heading(root), author=meta.get("author", ""), language=language)
    return _source(path, root, about, removed, hidden)


def _read_markdown(path: Path, text: str) -> Source:
    from markdown_it import MarkdownIt
    from mdit_py_plugins.footnote import footnote_plugin

    fields: dict[str, str] = {}
    ignored = []
    if front := _FRONT_MATTER.match(text):
        found = {each["name"].lower(): each["value"].strip("\"'") for each in _FIELD.finditer(front["fields"])}
        fields = {_FIELDS[name]: value for name, value in found.items() if name in _FIELDS}
        ignored.append((front[0], "head", path.name))
        text = text[front.end() :]
    made = MarkdownIt("commonmark").enable(["table", "strikethrough"]).use(footnote_plugin).render(text)
    root, removed = parse_html(f"<html><body>{made}</body></html>", path.name)
    about = replace(About(title=_first_heading(root)), **fields)  # type: ignore[arg-type] # all these fields are text
    source = _source(path, root, about, removed)
    return Source(source.about, source.documents, (), (*source.ignored, *ignored))


def _read_text(path: Path, text: str) -> Source:
    made, about = html_of_text(text)
    root, removed = parse(made, path.name)
    return _source(path, root, about if about.title else About(title=path.stem), removed)


def _read_docx(path: Path) -> Source:
    import mammoth

    with Archive(path) as archive:
        names = [name for name in archive.names if name.startswith("word/") and name.endswith(".xml")]
        parts = {name: archive.read(name) for name in names}
        core = archive.find("docProps/core.xml")
        about = _docx_about(archive.read(core), path) if core else About()
    if "word/document.xml" not in parts:
        raise BookError(f"{path} has no word/document.xml, so it is not a DOCX file")
    for name, content in parts.items():
        if b"<!DOCTYPE" in content or b"<!ENTITY" in content:
            raise BookError(f"{path}: {name} declares entities, which no word processor writes; the file is refused")
    with path.open("rb") as file:
        try:
            made = mammoth.convert_to_html(file, style_map=_DOCX_STYLES, convert_image=_without_content(mammoth))
        except Exception as error:
            raise BookError(
                f"{path} cannot be read as a DOCX file ({error}); save it again in a word processor"
            ) from None
    root, removed = parse_html(f"<html><body>{made.value}</body></html>", path.name)
    _check_docx(parts, root, path)
    ignored = [
        (text, "head", f"{path.name}/{name}")
        for name, content in parts.items()
        if re.match(r"word/(?:header|footer)\d*\.xml", name) and (text := " ".join(_docx_texts(content, name)))
    ]
    if not about.title:
        about = About(title=_first_heading(root) or path.stem, author=about.author, language=about.language)
    source = _source(path, root, about, removed)
    return Source(source.about, source.documents, (), (*source.ignored, *ignored))


def _without_content(mammoth: Any) -> Any:  # noqa: ANN401 - mammoth has no types
    def attributes(_image: Any) -> dict[str, str]:  # noqa: ANN401
        return {"src": ""}

    return mammoth.images.img_element(attributes)


def _docx_about(content: bytes, path: Path) -> About:
    root, _ = parse(decoded(content, path.name), path.name)
    found = {local_name(each): (each.text or "").strip() for each in root}
    return About(title=found.get("title", ""), author=found.get("creator", ""), language=found.get("language", ""))


def _docx_texts(content: bytes, name: str) -> list[str]:
    """The runs of text in a part of a DOCX file, those that stand in place of others left out."""
    root, _ = parse(decoded(content, name), name)
    for choice in [each for each in root.iter() if local_name(each) == "choice"]:
        if any(local_name(other) == "fallback" for other in choice.getparent()):
            choice.getparent().remove(choice)
    return [each.text for each in root.iter() if local_name(each) == "t" and each.text]


def _check_docx(parts: dict[str, bytes], root: Element, path: Path) -> None:
    """Raise `BookError` if the conversion lost text of the document or of its notes."""
    read = "".join("".join(root.itertext()).split())
    for name in ("word/document.xml", "word/footnotes.xml", "word/endnotes.xml"):
        for text in _docx_texts(parts[name], name) if name in parts else ():
            if "".join(text.split()) not in read and name == "word/document.xml":
                raise BookError(
                    f"{path}: the text {text[:60]!r} is in a part that cannot be converted; move it to the body"
                )


def _first_heading(root: Element) -> str:
    headings = (each for each in root.iter() if local_name(each) in ("h1", "h2"))
    return next(map(_text, headings), "")


def _text(element: Element) -> str:
    return " ".join("".join(element.itertext()).split())


def _source(path: Path, root: Element, about: About, removed: str, hidden: frozenset[str] = frozenset()) -> Source:
    ignored = (
        [(" ".join(f"U+{ord(one):04X}" for one in removed[:1000]), "control-characters", path.name)] if removed else []
    )
    return Source(about, (Document(path.name, root, hidden=hidden),), (), tuple(ignored))
