"""DOCX as HTML, by mammoth. What mammoth would lose, or would keep although no reader sees it, is changed before."""

import io
import re
import zipfile
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

from lxml import etree

from voicemill.book.importing.archive import Archive
from voicemill.book.importing.markup import decoded, parse
from voicemill.book.importing.source import About, Element, local_name
from voicemill.book.importing.word_changes import simplified
from voicemill.book.importing.word_styles import WORDS, WordStyles
from voicemill.errors import BookError

_DOCUMENT: Final = "word/document.xml"
_STYLES: Final = """
p[style-name='Title'] => h1:fresh
p[style-name='Subtitle'] => h2:fresh
p[style-name^='toc'] => p.voicemill-contents:fresh
p.voicemillContents => p.voicemill-contents:fresh
p.voicemillHeading1 => h1:fresh
p.voicemillHeading2 => h2:fresh
p.voicemillHeading3 => h3:fresh
p.voicemillHeading4 => h4:fresh
p.voicemillHeading5 => h5:fresh
p.voicemillHeading6 => h6:fresh
"""
_NOTES: Final = ("word/footnotes.xml", "word/endnotes.xml")
_BESIDE_THE_TEXT: Final = {
    re.compile(r"word/(?:header|footer)\d*\.xml"): "head", re.compile(r"word/comments\.xml"): "comment",
}  # fmt: skip


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
    styles = WordStyles(parts.get("word/styles.xml", b""))
    trees = {name: _tree(parts[name], name) for name in (_DOCUMENT, *_NOTES) if name in parts}
    left_out = [(text, rule, path.name) for tree in trees.values() for text, rule in simplified(tree, styles)]
    left_out += [
        (text, rule, f"{path.name}/{name}")
        for name, content in parts.items()
        for pattern, rule in _BESIDE_THE_TEXT.items()
        if pattern.fullmatch(name) and (text := " ".join(_texts(_tree(content, name))))
    ]
    core = parts.get("docProps/core.xml")
    about = _about(core, path) if core else About()
    about = about if about.language else replace(about, language=styles.language)
    texts = tuple(_texts(trees[_DOCUMENT]))
    changed = {name: etree.tostring(tree, xml_declaration=True, encoding="UTF-8") for name, tree in trees.items()}
    html = _html(parts | changed, path)
    left_out += [(text, "note", path.name) for name in trees if name in _NOTES for text in _unread(trees[name], html)]
    return WordDocument(path, html, about, tuple(left_out), texts)


def _tree(content: bytes, name: str) -> Element:
    return parse(decoded(content, name), name)[0]


def _unread(notes: Element, html: str) -> Iterator[str]:
    """The text of notes that nothing refers to, such as those whose reference was deleted."""
    for note in notes:
        kind, number = local_name(note), note.get(f"{{{WORDS}}}id", "")
        if f'id="{kind}-{number}"' not in html and (text := " ".join(_texts(note))):
            yield text


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


def _about(content: bytes, path: Path) -> About:
    root, _ = parse(decoded(content, path.name), path.name)
    found = {local_name(each): (each.text or "").strip() for each in root}
    return About(title=found.get("title", ""), author=found.get("creator", ""), language=found.get("language", ""))


def _texts(root: Element) -> list[str]:
    """The runs of text in a part of a DOCX file, those that stand in place of others left out."""
    doubles = [
        choice
        for choice in root.iter()
        if local_name(choice) == "choice" and any(local_name(other) == "fallback" for other in choice.getparent())
    ]
    left_out = {each for choice in doubles for each in choice.iter()}
    return [each.text for each in root.iter() if local_name(each) == "t" and each.text and each not in left_out]
