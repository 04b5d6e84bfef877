"""DOCX, Markdown, HTML and plain text."""

import zipfile
from pathlib import Path

import pytest

from tests.book.read_back import imported
from voicemill.errors import BookError

_MARKDOWN = """# The Boat

It came in at *noon*.[^1]

> Where is she?

- One
- Two

| Boat | Sail |
|------|------|
| Ann  | 3    |

[^1]: A small craft.
"""
_HTML = """<html><head><title>The Boat</title></head><body><h1>The Boat</h1>
<p>It came in at <em>noon</em>.<sup><a href="#n1" id="r1">1</a></sup></p><blockquote><p>Where is she?</p></blockquote>
<ul><li>One</li><li>Two</li></ul>
<table><tr><th>Boat</th><th>Sail</th></tr><tr><td>Ann</td><td>3</td></tr></table>
<ol><li id="n1">A small craft. <a href="#r1">↩</a></li></ol></body></html>"""
_WORDS = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
_TEXT = "The Boat\n\nIt came in at noon.\n\nWhere is she?\n\nOne\n\nTwo\n\nBoat\nSail\n\nAnn\n3\n"


def run_of(text: str, properties: str = "") -> str:
    """A run of text in a DOCX file."""
    return f'<w:r>{properties}<w:t xml:space="preserve">{text}</w:t></w:r>'


def paragraph(text: str, style: str = "", after: str = "") -> str:
    """A paragraph of a DOCX file, with a style and runs after the text."""
    properties = f'<w:pPr><w:pStyle w:val="{style}"/></w:pPr>' if style else ""
    return f"<w:p>{properties}{run_of(text)}{after}</w:p>"


def write_docx(path: Path, body: str, notes: str = "", extra: dict[str, str] | None = None) -> Path:
    """A DOCX file with this body and these footnotes."""
    types = "application/vnd.openxmlformats-officedocument.wordprocessingml"
    relations = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    package = "http://schemas.openxmlformats.org/package/2006"
    files = {
        "[Content_Types].xml": f'<Types xmlns="{package}/content-types">'
        '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        f'<Override PartName="/word/document.xml" ContentType="{types}.document.main+xml"/>'
        f'<Override PartName="/word/footnotes.xml" ContentType="{types}.footnotes+xml"/></Types>',
        "_rels/.rels": f'<Relationships xmlns="{package}/relationships">'
        f'<Relationship Id="r1" Type="{relations}/officeDocument" Target="word/document.xml"/></Relationships>',
        "word/_rels/document.xml.rels": f'<Relationships xmlns="{package}/relationships">'
        f'<Relationship Id="r1" Type="{relations}/footnotes" Target="footnotes.xml"/></Relationships>',
        "word/document.xml": f'<w:document xmlns:w="{_WORDS}"><w:body>{body}</w:body></w:document>',
        "word/footnotes.xml": f'<w:footnotes xmlns:w="{_WORDS}">{notes}</w:footnotes>',
        "word/styles.xml": f'<w:styles xmlns:w="{_WORDS}"><w:style w:type="paragraph" w:styleId="Heading1">'
        '<w:name w:val="heading 1"/></w:style></w:styles>',
    }
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in {**files, **(extra or {})}.items():
            archive.writestr(name, content)
    return path


def _cell(text: str) -> str:
    return f"<w:tc>{paragraph(text)}</w:tc>"


def _docx(path: Path) -> Path:
    reference = '<w:r><w:footnoteReference w:id="1"/></w:r>'
    rows = "".join(f"<w:tr>{_cell(left)}{_cell(right)}</w:tr>" for left, right in (("Boat", "Sail"), ("Ann", "3")))
    body = [
        paragraph("The Boat", "Heading1"),
        paragraph("It came in at noon.", after=reference),
        *map(paragraph, ("Where is she?", "One", "Two")),
        f"<w:tbl>{rows}</w:tbl>",
    ]
    return write_docx(path, "".join(body), f'<w:footnote w:id="1">{paragraph("A small craft.")}</w:footnote>')


def test_the_same_chapter_in_each_format_gives_the_same_text(tmp_path: Path) -> None:
    """Markdown, HTML and DOCX; the note is excluded in each."""
    (tmp_path / "boat.md").write_text(_MARKDOWN, encoding="utf-8")
    (tmp_path / "boat.html").write_text(_HTML, encoding="utf-8")
    found = [imported(tmp_path / "boat.md"), imported(tmp_path / "boat.html"), imported(_docx(tmp_path / "boat.docx"))]
    assert [each.texts for each in found] == [[_TEXT]] * 3
    assert [each.titles for each in found] == [["The Boat"]] * 3
    assert all("A small craft." in each.excluded["note"][0] for each in found)


_GUTENBERG = """The Project Gutenberg eBook of The Boat

Title: The Boat
Author: Ann Author
Language: English

*** START OF THE PROJECT GUTENBERG EBOOK THE BOAT ***

THE BOAT

CHAPTER I
The Sea

It was _very_ dark, and the wind that blew from the sea was cold
enough to freeze a man.

    April is the month
    Of rain and of
    Wind

       *       *       *       *       *

CHAPTER II

Letter from home arrived.

*** END OF THE PROJECT GUTENBERG EBOOK THE BOAT ***
Please read the license.
"""


def test_plain_text_of_project_gutenberg(tmp_path: Path) -> None:
    """Headings make chapters; the license and the marks of emphasis are excluded; verse keeps its lines."""
    (tmp_path / "boat.txt").write_text(_GUTENBERG, encoding="utf-8")
    found = imported(tmp_path / "boat.txt")
    assert (found.book.about.title, found.book.about.author, found.book.about.language) == (
        "The Boat",
        "Ann Author",
        "en",
    )
    assert found.titles[-2:] == ["CHAPTER I The Sea", "CHAPTER II"]
    assert "the wind that blew from the sea was cold enough to freeze a man." in found.texts[-2]
    assert "April is the month\nOf rain and of\nWind" in found.texts[-2]
    assert found.texts[-1] == "CHAPTER II\n\nLetter from home arrived.\n"
    assert found.excluded["emphasis-marks"] == ["_", "_"]
    assert len(found.excluded["license"]) == 2


def test_plain_text_without_chapters(tmp_path: Path) -> None:
    """The file is one chapter; line ends of Windows and old Macs are line ends."""
    (tmp_path / "a.txt").write_bytes(b"One day\r\nit rained.\r\n\r\nThen not.\r")
    assert imported(tmp_path / "a.txt").texts == ["One day it rained.\n\nThen not.\n"]


def test_headers_of_a_word_document_are_excluded(tmp_path: Path) -> None:
    """Running headers are not in the text, and accounted for."""
    header = {"word/header1.xml": f'<w:hdr xmlns:w="{_WORDS}">{paragraph("Running title")}</w:hdr>'}
    found = imported(write_docx(tmp_path / "a.docx", paragraph("Text."), extra=header))
    assert found.texts == ["Text.\n"]
    assert found.excluded["head"] == ["Running title"]


@pytest.mark.parametrize("name", ["a.pdf", "a.mobi", "a.doc", "gone.epub"])
def test_other_files_are_refused(tmp_path: Path, name: str) -> None:
    """The message names the formats that are read."""
    if not name.startswith("gone"):
        (tmp_path / name).write_bytes(b"%PDF")
    with pytest.raises(BookError, match="EPUB, DOCX, Markdown, HTML or TXT"):
        imported(tmp_path / name)


def test_a_word_document_with_entities_is_refused(tmp_path: Path) -> None:
    """No word processor writes a document type."""
    document = '<!DOCTYPE x [<!ENTITY a "b">]><x/>'
    with pytest.raises(BookError, match="declares entities"):
        imported(write_docx(tmp_path / "a.docx", "", extra={"word/evil.xml": document}))
