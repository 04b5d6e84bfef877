"""DOCX as HTML, by mammoth. What mammoth would lose, or would keep although no reader sees it, is changed before."""

import io
import re
import zipfile
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from lxml import etree

from voicemill.book.importing.archive import Archive
from voicemill.book.importing.markup import decoded, parse
from voicemill.book.importing.source import About, Element, local_name
from voicemill.errors import BookError

_DOCUMENT: Final = "word/document.xml"
_STYLES: Final = """
p[style-name='Title'] => h1:fresh
p[style-name='Subtitle'] => h2:fresh
p[style-name^='toc'] => p.voicemill-contents:fresh
"""
_WORDS: Final = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
_ON: Final = (None, "1", "true", "on")


@dataclass(frozen=True, slots=True)
class WordDocument:
    """A DOCX file as HTML; `left_out` lists text that is not in it, with the rule and the place of each."""

    path: Path
    html: str
    about: About
    left_out: tuple[tuple[str, str, str], ...]
    texts: tuple[str, ...]
    """The runs of text that must be in the HTML."""

    def check(self, root: Element) -> None:
        """Raise `BookError` if the conversion to the tree `root` lost text of the document."""
        read = "".join("".join(root.itertext()).split())
        lost = [text for text in self.texts if "".join(text.split()) not in read]
        if not lost and (missing := Counter("".join("".join(self.texts).split())) - Counter(read)):
            lost = ["".join(missing.elements())]
        if lost:
            raise BookError(
                f"{self.path}: the text {lost[0][:60]!r} is in a part that cannot be converted; move it to the body"
            )


def read_word(path: Path) -> WordDocument:
    """Convert the DOCX file at `path`. Raises `BookError`."""
    parts = _parts(path)
    body, _ = parse(decoded(parts[_DOCUMENT], _DOCUMENT), _DOCUMENT)
    left_out = [(text, rule, path.name) for text, rule in _simplified(body)]
    left_out += [
        (text, "head", f"{path.name}/{name}")
        for name, content in parts.items()
        if re.match(r"word/(?:header|footer)\d*\.xml", name) and (text := " ".join(_texts(content, name)))
    ]
    core = parts.get("docProps/core.xml")
    about = _about(core, path) if core else About()
    texts = tuple(_texts(etree.tostring(body), _DOCUMENT))
    html = _html(parts | {_DOCUMENT: etree.tostring(body, xml_declaration=True, encoding="UTF-8")}, path)
    return WordDocument(path, html, about, tuple(left_out), texts)


def _parts(path: Path) -> dict[str, bytes]:
    """The parts of the file that are XML, by name."""
    with Archive(path) as archive:
        names = [name for name in archive.names if name.endswith((".xml", ".rels"))]
        parts = {name: archive.read(name) for name in names}
    if _DOCUMENT not in parts:
        raise BookError(f"{path} has no {_DOCUMENT}, so it is not a DOCX file")
    for name, content in parts.items():
        if b"<!DOCTYPE" in content or b"<!ENTITY" in content:
            raise BookError(f"{path}: {name} declares entities, which no word processor writes; the file is refused")
    return parts


def _html(parts: dict[str, bytes], path: Path) -> str:
    import mammoth

    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as made:
        for name, content in parts.items():
            made.writestr(name, content)
    try:
        return str(mammoth.convert_to_html(file, style_map=_STYLES, convert_image=_without_content(mammoth)).value)
    except Exception as error:
        raise BookError(f"{path} cannot be read as a DOCX file ({error}); save it again in a word processor") from None


def _without_content(mammoth: Any) -> Any:  # noqa: ANN401 - mammoth has no types
    def attributes(_image: Any) -> dict[str, str]:  # noqa: ANN401
        return {"src": ""}

    return mammoth.images.img_element(attributes)


def _simplified(body: Element) -> Iterator[tuple[str, str]]:
    """Remove hidden and deleted text and reading aids, with the rule of each; put formulas and fields into runs."""
    for element, rule in [(each, rule) for each in body.iter() if (rule := _rule(each))]:
        if text := _run_text(element):
            yield text, rule
        element.getparent().remove(element)
    for element in [each for each in body.iter() if local_name(each) == "omath"]:
        _replace(element, [_run(_run_text(element))])
    for element in [each for each in body.iter() if local_name(each) in ("fldsimple", "rubybase", "ruby")]:
        _unwrap(element)


def _rule(element: Element) -> str:
    name = local_name(element)
    if name == "r" and _is_hidden(element):
        return "hidden"
    if name in ("del", "movefrom") and len(element):
        return "deleted-text"
    return "ruby" if name == "rt" and local_name(element.getparent()) == "ruby" else ""


def _is_hidden(run: Element) -> bool:
    found = (each for each in run.iter() if local_name(each) == "vanish")
    return any(each.get(f"{{{_WORDS}}}val") in _ON for each in found)


def _run_text(element: Element) -> str:
    return "".join(each.text or "" for each in element.iter() if local_name(each) in ("t", "deltext"))


def _run(text: str) -> Element:
    run = etree.Element(f"{{{_WORDS}}}r")
    etree.SubElement(run, f"{{{_WORDS}}}t").text = text
    return run


def _unwrap(element: Element) -> None:
    """Replace an element by its runs; runs that it is inside of are ended before them."""
    runs = [each for each in element.iter() if local_name(each) == "r"]
    _replace(element.getparent() if local_name(element.getparent()) == "r" else element, runs)


def _replace(element: Element, others: list[Element]) -> None:
    parent = element.getparent()
    for other in others:
        parent.insert(parent.index(element), other)
    parent.remove(element)


def _about(content: bytes, path: Path) -> About:
    root, _ = parse(decoded(content, path.name), path.name)
    found = {local_name(each): (each.text or "").strip() for each in root}
    return About(title=found.get("title", ""), author=found.get("creator", ""), language=found.get("language", ""))


def _texts(content: bytes, name: str) -> list[str]:
    """The runs of text in a part of a DOCX file, those that stand in place of others left out."""
    root, _ = parse(decoded(content, name), name)
    for choice in [each for each in root.iter() if local_name(each) == "choice"]:
        if any(local_name(other) == "fallback" for other in choice.getparent()):
            choice.getparent().remove(choice)
    return [each.text for each in root.iter() if local_name(each) == "t" and each.text]
