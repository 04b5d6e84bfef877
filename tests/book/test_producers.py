"""Books as particular programs write them: word processors, converters, layout programs and old scanners."""

import unicodedata
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.book.epubs import CONTAINER, NAV_ITEM, epub_of, items, package, page, write_epub
from tests.book.read_back import imported
from tests.book.test_formats import paragraph, run_of, write_docx
from voicemill.errors import BookError

_NCX_ITEM = '<item id="ncx" href="toc.ncx" media-type="text/xml"/>'
_TWO = {"a.xhtml": "<h1>A</h1><p>First.</p>", "b.xhtml": "<h1>B</h1><p>Second.</p>"}


def _ncx(points: str) -> str:
    return f"<ncx><navMap>{points}</navMap></ncx>"


def _point(title: str, target: str, within: str = "") -> str:
    label = f"<navLabel><text>{title}</text></navLabel>"
    return f'<navPoint>{label}<content src="{target}"/>{within}</navPoint>'


_WORD_PAGE = (
    '<html xmlns:o="urn:schemas-microsoft-com:office:office"><head><meta http-equiv=Content-Type '
    'content="text/html; charset=windows-1252"><style><!-- p.x {display:none} --></style></head><body>'
    "<h1>One<o:p></o:p></h1><p class=MsoNormal>It\x92s late<a style='mso-footnote-id:ftn1' href=\"#_ftn1\" "
    'name="_ftnref1"><span class=MsoFootnoteReference><![if !supportFootnotes]>[1]<![endif]></span></a>.<o:p></o:p></p>'
    "<p class=x>No.</p><br clear=all><p>Next.</p><div style='mso-element:footnote' id=ftn1><p class=MsoFootnoteText>"
    '<a href="#_ftnref1" name="_ftn1"><span class=MsoFootnoteReference>[1]</span></a> A note.</p></div></body></html>'
)
_DOCUMENTS: dict[str, tuple[str | bytes, str]] = {
    "web page of a word processor": (_WORD_PAGE.encode("latin-1"), "One\n\nIt’s late.\n\nNext."),
    "declared as UTF-16 in UTF-8": (
        '<?xml version="1.0" encoding="UTF-16"?><html><body><p>café</p></body></html>'.encode(), "café",
    ),
    "declared as Latin 1 in UTF-8": (
        '<?xml version="1.0" encoding="iso-8859-1"?><html><body><p>café</p></body></html>'.encode(), "café",
    ),
    "declared as Latin 1 with Windows quotes": (
        b'<?xml version="1.0" encoding="iso-8859-1"?><html><body><p>don\x92t</p></body></html>', "don’t",
    ),
    "Cyrillic of Windows": (
        '<?xml version="1.0" encoding="windows-1251"?><html><body><p>Лампа</p></body></html>'.encode("cp1251"), "Лампа",
    ),
    "one byte of Windows in UTF-8": (page("<p>“Café”, QÖ.</p>").encode().replace(b"Q", b"\x92"), "“Café”, ’Ö."),
    "references to characters of Windows": (page("<p>don&#146;t &#x97; yes&#133;</p>"), "don’t — yes…"),
    "CDATA in damaged markup": ("<html><body><p>One<p><![CDATA[a < b]]></p></body></html>", "One\n\na < b"),
    "empty elements in damaged markup": (
        '<html><head><title/><script src="x"/></head><body><p>One <b>two</p><a id="x"/><p>Three.</p></body></html>',
        "One two\n\nThree.",
    ),
    "a prefix that is not declared": (
        '<html><body><p>Boat<a epub:type="noteref" href="#n">1</a>.</p><mbp:pagebreak/><p>Next.</p>'
        '<aside epub:type="footnote" id="n">A craft.</aside></body></html>',
        "Boat.\n\nNext.",
    ),
    "a link that is no address": (page('<p>See <a href="http://[example">the site</a>.</p>'), "See the site."),
    "letters with a label": (
        page('<p><span aria-label="The"><b aria-hidden="true">T</b><i aria-hidden="true">he</i></span> boat.</p>'),
        "The boat.",
    ),
    "a note on words": (
        page(
            '<p>He met <a epub:type="noteref" href="#n">Colonel Ito</a> there.</p>'
            '<aside epub:type="footnote" id="n">An officer.</aside>'
        ),
        "He met Colonel Ito there.",
    ),
    "a note in words": (
        page(
            '<p>There<a epub:type="noteref" href="#n">[note 1]</a>.</p><aside epub:type="footnote" id="n">A.</aside>'
        ),
        "There.",
    ),
    "a page within its page break": (
        page('<div epub:type="pagebreak" title="1"><p>All the text of a page is in here.</p></div><p>More.</p>'),
        "All the text of a page is in here.\n\nMore.",
    ),
    "lines that a style sheet makes": (
        page(
            '<h1><span class="l">chapter one</span><span class="l">the boat</span></h1>'
            '<p><span class="l">One line</span><span class="l">two lines</span> <b class="cap">t</b>hree</p>',
            "<style>.l { display: block } .cap { display: block; float: left }</style>",
        ),
        "chapter one the boat\n\nOne line\n\ntwo lines\n\nthree",
    ),
    "notes of a layout program": (
        page(
            '<p>Boat<span><a class="_idFootnoteLink" href="#f0" id="f0-backlink">1</a></span>.</p>'
            '<div class="_idFootnotes"><div class="_idFootnote" id="f0"><p class="Footnotes"><span>'
            '<a class="_idFootnoteAnchor" href="#f0-backlink">1</a></span> A craft.</p></div></div>'
        ),
        "Boat.",
    ),
    "notes of a converter": (
        page(
            '<p>See<a href="#fn1" class="footnote-ref" id="fnref1" role="doc-noteref"><sup>1</sup></a>.</p>'
            '<section class="footnotes" role="doc-endnotes"><hr/><ol><li id="fn1" role="doc-endnote"><p>A craft.'
            '<a href="#fnref1" role="doc-backlink">↩︎</a></p></li></ol></section>'
        ),
        "See.",
    ),
    "sentences of an e-reader": (
        page('<p><span class="koboSpan" id="k1">One.</span><span class="koboSpan" id="k2"> Two.</span></p>'),
        "One. Two.",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", _DOCUMENTS)
def test_documents_of_other_programs_are_read(tmp_path: Path, name: str) -> None:
    """The text is that which a reader shows."""
    document, text = _DOCUMENTS[name]
    files: dict[str, str | bytes] = {"a.xhtml": document, "package.opf": package(["a.xhtml"])}
    assert "".join(imported(write_epub(tmp_path / "b.epub", files)).texts) == f"{text}\n"


_NAVIGATION = {
    "a list between items": ("<ol>{a}<ol>{b}</ol></ol>", ["A", "B"]),
    "a list within a box": ('<ol><li><p><a href="a.xhtml">Ah</a></p><div><ol>{b}</ol></div></li></ol>', ["Ah", "B"]),
    "a list for each part": ("<h2>1</h2><ol>{a}</ol><h2>2</h2><ol>{b}</ol>", ["Ay", "Be"]),
    "paragraphs": ('<p><a href="a.xhtml">Ay</a></p><p><a href="b.xhtml">Be</a></p>', ["Ay", "Be"]),
}


@pytest.mark.parametrize("name", _NAVIGATION)
def test_navigation_documents_of_odd_shape(tmp_path: Path, name: str) -> None:
    """Every link of the table of contents is a chapter or excluded."""
    markup, titles = _NAVIGATION[name]
    lists = markup.format(a=items(("a.xhtml", "Ay")), b=items(("b.xhtml", "Be")))
    lists = lists.replace("Ay", "A").replace("Be", "B") if titles[1] == "B" else lists
    files = {each: page(body) for each, body in _TWO.items()}
    files |= {
        "nav.xhtml": page(f'<nav epub:type="toc">{lists}</nav>'),
        "package.opf": package([*_TWO], manifest=NAV_ITEM),
    }
    found = imported(write_epub(tmp_path / "b.epub", files))
    assert found.titles == titles


def test_landmarks_name_parts_of_the_book(tmp_path: Path) -> None:
    """A copyright page that only the landmarks name is excluded; they are no table of contents."""
    link = '<li><a epub:type="{}" href="{}.xhtml">Link</a></li>'
    links = link.format("copyright-page", "c") + link.format("bodymatter", "a")
    bodies = {"c.xhtml": "<p>All rights reserved.</p>", **_TWO}
    files = {each: page(body) for each, body in bodies.items()}
    files["nav.xhtml"] = page(f'<nav epub:type="landmarks"><ol>{links}</ol></nav>')
    files["package.opf"] = package([*bodies], manifest=NAV_ITEM)
    found = imported(write_epub(tmp_path / "b.epub", files))
    assert (found.titles, found.excluded["copyright"]) == (["A", "B"], ["Page All rights reserved."])


def test_a_guide_that_names_a_place_in_the_text(tmp_path: Path) -> None:
    """The contents at the end of the only document, and a title page where the text starts, exclude no chapter."""
    whole = '<h1 id="c1">One</h1><p>First.</p><h1 id="c2">Two</h1><p>Second.</p>'
    guide = '<guide><reference type="toc" href="a.xhtml#c2"/><reference type="text" href="a.xhtml"/></guide>'
    entries = items(("a.xhtml#c1", "One"), ("a.xhtml#c2", "Two"))
    assert imported(epub_of(tmp_path / "a.epub", {"a.xhtml": whole}, entries, guide=guide)).titles == ["One", "Two"]
    guide = '<guide><reference type="title-page" href="a.xhtml"/><reference type="text" href="a.xhtml"/></guide>'
    assert imported(epub_of(tmp_path / "b.epub", _TWO, guide=guide)).titles == ["A", "B"]


def test_a_book_of_excluded_pages_is_refused(tmp_path: Path) -> None:
    """A book that has only a title page and a copyright page has nothing to speak."""
    body = '<section epub:type="titlepage"><h1>T</h1></section><section epub:type="copyright-page"><p>C</p></section>'
    with pytest.raises(BookError, match="no text that could be spoken"):
        imported(epub_of(tmp_path / "b.epub", {"a.xhtml": body}))


def _archive(names: tuple[str, str], **package_parts: str) -> Callable[[Path], Path]:
    in_archive, in_package = names
    files = {in_archive: page("<h1>A</h1><p>First.</p>"), "package.opf": package([in_package], **package_parts)}
    return lambda path: write_epub(path, files)


def _name_without_flag(path: Path) -> Path:
    made = _archive(("cafXX.xhtml", "café.xhtml"))(path)
    made.write_bytes(made.read_bytes().replace(b"cafXX.xhtml", "café.xhtml".encode()))
    return made


def _another_format_first(path: Path) -> Path:
    first = '<rootfiles><rootfile full-path="book.pdf" media-type="application/pdf"/>'
    files: dict[str, str | bytes] = {
        "/META-INF/container.xml": CONTAINER.replace("<rootfiles>", first),
        "/book.pdf": b"%PDF",
    }
    return write_epub(path, {**files, "a.xhtml": page("<h1>A</h1><p>First.</p>"), "package.opf": package(["a.xhtml"])})


def _zip64(path: Path) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as made:
        made.writestr("mimetype", "application/epub+zip")
        for name, text in {
            "META-INF/container.xml": CONTAINER,
            "OPS/a.xhtml": page("<h1>A</h1><p>First.</p>"),
            "OPS/package.opf": package(["a.xhtml"]),
        }.items():
            with made.open(name, "w", force_zip64=True) as file:
                file.write(text.encode())
    return path


_ARCHIVES: dict[str, Callable[[Path], Path]] = {
    "escapes in a file name": _archive(("my%20a.xhtml", "my%20a.xhtml")),
    "decomposed letters": _archive(
        (unicodedata.normalize("NFD", "café.xhtml"), unicodedata.normalize("NFC", "café.xhtml"))
    ),
    "UTF-8 without its flag": _name_without_flag,
    "another format first": _another_format_first,
    "compressed mimetype and zip64": _zip64,
    "steps in addresses": _archive(("Text/a b.xhtml", "Text/../Text/./a%20b.xhtml")),
    "a document twice": _archive(
        ("a.xhtml", "a.xhtml"),
        manifest='<item id="x" href="A.xhtml" media-type="text/html"/>',
        spine='<itemref idref="x"/>',
    ),
}


@pytest.mark.parametrize("name", _ARCHIVES)
def test_archives_of_other_programs_are_read(tmp_path: Path, name: str) -> None:
    """Names are found however they are written, and each document is read once."""
    assert imported(_ARCHIVES[name](tmp_path / "b.epub")).texts == ["A\n\nFirst.\n"]


def test_a_drawing_in_the_spine_is_accounted_for(tmp_path: Path) -> None:
    """The words in it are excluded under their rule."""
    drawing = '<item id="s" href="s.svg" media-type="image/svg+xml"/>'
    files = {"a.xhtml": page("<p>Text.</p>"), "s.svg": '<svg xmlns="http://www.w3.org/2000/svg"><text>Fig</text></svg>'}
    files["package.opf"] = package(["a.xhtml"], manifest=drawing, spine='<itemref idref="s"/>')
    assert imported(write_epub(tmp_path / "b.epub", files)).excluded["image-text"] == ["Fig"]


def test_encryption_is_found_however_it_is_written(tmp_path: Path) -> None:
    """With a prefix, single quotes and escapes."""
    listed = "<encryption xmlns:e='urn:x'><e:CipherReference URI = 'OPS/a%20b.xhtml'/></encryption>"
    files = {"a b.xhtml": page("<p>Text.</p>"), "package.opf": package(["a%20b.xhtml"])}
    with pytest.raises(BookError, match="encrypted"):
        imported(write_epub(tmp_path / "b.epub", {**files, "/META-INF/encryption.xml": listed}))


def test_a_package_that_is_not_well_formed(tmp_path: Path) -> None:
    """An ampersand that is not escaped loses neither the title nor the contents."""
    files = {each: page(body) for each, body in _TWO.items()}
    files["package.opf"] = package([*_TWO], manifest=_NCX_ITEM).replace("The Test", "Boats & Sails")
    files["toc.ncx"] = _ncx(_point("Uno", "a.xhtml") + _point("Due", "b.xhtml"))
    found = imported(write_epub(tmp_path / "b.epub", files))
    assert (found.book.about.title, found.titles) == ("Boats & Sails", ["Uno", "Due"])


def test_entries_for_the_same_file_with_and_without_a_place(tmp_path: Path) -> None:
    """The entry of the file opens its first chapter, and a later entry for the same place is excluded."""
    body = '<div id="top"><h1>Book</h1><h2 id="c1">One</h2><p>First.</p><h2 id="c2">Two</h2><p>Second.</p></div>'
    within = _point("Chapter 1", "a.xhtml#c1") + _point("Chapter 2", "a.xhtml#c2")
    files = {
        "a.xhtml": page(body),
        "toc.ncx": _ncx(_point("Book", "a.xhtml", within) + _point("Top", "a.xhtml#top")),
        "package.opf": package(["a.xhtml"], manifest=_NCX_ITEM),
    }
    found = imported(write_epub(tmp_path / "b.epub", files))
    assert found.texts == ["Book\n\nOne\n\nFirst.\n", "Two\n\nSecond.\n"]
    assert found.contents == {"Book": "contents-entry: part", "Top": "contents-entry: same place"}


def test_markdown_of_pandoc(tmp_path: Path) -> None:
    """Title block, attributes, divisions and lines of verse are markup, not words."""
    text = (
        "% The Boat\n% Ann Author\n\n# One {#one .unnumbered}\n\nText^[An inline note.].\n\n| Line one\n|  Line two\n\n"
        "::: {.box}\nIn a box.\n:::\n\n\\newpage\n\n~~~\n::: code\n~~~\n\n# Two\n\nA [link](x.html){.cls}.\n"
    )
    (tmp_path / "b.md").write_text(text, encoding="utf-8")
    found = imported(tmp_path / "b.md")
    assert (found.book.about.title, found.book.about.author) == ("The Boat", "Ann Author")
    assert found.texts == ["One\n\nText.\n\nLine one\nLine two\n\nIn a box.\n\n::: code\n", "Two\n\nA link.\n"]
    assert found.excluded["markup"][:3] == ["{#one .unnumbered}", "{.box}", ":::"]


def test_notes_and_pictures_of_a_plain_text(tmp_path: Path) -> None:
    """Footnotes in brackets, references to them, pictures and page numbers are excluded; other brackets are text."""
    text = (
        "CHAPTER I\n\nIt was dark.[1] So[2] it was.\n\n[Illustration: The boat]\n\n"
        "[Footnote 1: A note that\n\nruns on.]\n\n[Pg 12]\n\nMore.\n"
    )
    (tmp_path / "b.txt").write_text(text, encoding="utf-8")
    found = imported(tmp_path / "b.txt")
    assert found.texts == ["CHAPTER I\n\nIt was dark. So[2] it was.\n\nMore.\n"]
    assert found.excluded["note"] == ["[Footnote 1: A note that", "runs on.]"]
    assert (found.excluded["image-text"], found.excluded["page-number"]) == (["[Illustration: The boat]"], ["[Pg 12]"])


_MATHS = 'xmlns:m="http://schemas.openxmlformats.org/officeDocument/2006/math"'
_WORD: dict[str, tuple[str, str, dict[str, list[str]]]] = {
    "hidden text": (
        run_of("Yes.") + run_of("No.", "<w:rPr><w:vanish/></w:rPr>"), "Yes.", {"hidden": ["No."]},
    ),
    "tracked changes": (
        f"<w:moveFrom>{run_of('Moved.')}</w:moveFrom><w:del><w:r><w:delText>Gone.</w:delText></w:r></w:del>"
        f"<w:moveTo>{run_of('Moved.')}</w:moveTo><w:ins>{run_of(' New.')}</w:ins>",
        "Moved. New.",
        {"deleted-text": ["Moved.", "Gone."]},
    ),
    "fields": (
        f'<w:fldSimple w:instr="X">{run_of("A field")}</w:fldSimple><w:smartTag>{run_of(" tag.")}</w:smartTag>',
        "A field tag.",
        {},
    ),
    "a formula": (f"{run_of('So ')}<m:oMath {_MATHS}><m:r><m:t>x=2</m:t></m:r></m:oMath>", "So x=2", {}),
    "ruby": (
        f"<w:r><w:ruby><w:rt>{run_of('kan')}</w:rt><w:rubyBase>{run_of('漢')}</w:rubyBase></w:ruby></w:r>",
        "漢",
        {"ruby": ["kan"]},
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", _WORD)
def test_parts_of_word_documents(tmp_path: Path, name: str) -> None:
    """What a reader sees is kept, and the rest is excluded under its rule."""
    body, text, excluded = _WORD[name]
    found = imported(write_docx(tmp_path / "b.docx", f"<w:p>{body}</w:p>"))
    assert (found.texts, found.excluded) == ([f"{text}\n"], excluded)


def test_the_contents_of_a_word_document_are_excluded(tmp_path: Path) -> None:
    """Paragraphs with the styles of a table of contents, whatever language the program has."""
    name = '<w:style w:type="paragraph" w:styleId="{}"><w:name w:val="{}"/></w:style>'
    words = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
    styles = f'<w:styles xmlns:w="{words}">{name.format("V1", "toc 1")}{name.format("b1", "heading 1")}</w:styles>'
    body = paragraph("Chapter 1 3", "V1") + paragraph("Chapter 1", "b1") + paragraph("Text.")
    found = imported(write_docx(tmp_path / "b.docx", body, extra={"word/styles.xml": styles}))
    assert (found.texts, found.excluded["table-of-contents"]) == (["Chapter 1\n\nText.\n"], ["Chapter 1 3"])
