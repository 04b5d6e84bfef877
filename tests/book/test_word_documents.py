"""DOCX files of other languages and programs: styles, fields, boxes, notes and comments."""

from pathlib import Path

from tests.book.read_back import imported
from tests.book.test_formats import paragraph, run_of, write_docx

_WORDS = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"


def _style(style_id: str, name: str, content: str = "", kind: str = "paragraph") -> str:
    return f'<w:style w:type="{kind}" w:styleId="{style_id}"><w:name w:val="{name}"/>{content}</w:style>'


def _styles(*styles: str) -> dict[str, str]:
    return {"word/styles.xml": f'<w:styles xmlns:w="{_WORDS}">{"".join(styles)}</w:styles>'}


def _field(instruction: str, result: str) -> str:
    marks = [f'<w:r><w:fldChar w:fldCharType="{kind}"/></w:r>' for kind in ("begin", "separate", "end")]
    return f"{marks[0]}<w:r><w:instrText> {instruction} </w:instrText></w:r>{marks[1]}{result}{marks[2]}"


def test_styles_of_other_languages_and_templates_are_headings(tmp_path: Path) -> None:
    """By their name, by their level in the outline, by the style that they are based on, and by the paragraph."""
    styles = _styles(
        _style("a", "Überschrift 1"),
        _style("b", "Kapitel", '<w:pPr><w:outlineLvl w:val="0"/></w:pPr>'),
        _style("c", "Kapitel neu", '<w:basedOn w:val="b"/>'),
        _style("d", "Standard"),
    )
    own = '<w:p><w:pPr><w:outlineLvl w:val="0"/></w:pPr>' + run_of("Vier") + "</w:p>"
    chapters = [paragraph("Eins", "a"), paragraph("Zwei", "b"), paragraph("Drei", "c"), own]
    body = "".join(chapter + paragraph("Text.", "d") for chapter in chapters)
    assert imported(write_docx(tmp_path / "b.docx", body, extra=styles)).titles == ["Eins", "Zwei", "Drei", "Vier"]


def test_hidden_styles_and_fields_of_contents_are_excluded(tmp_path: Path) -> None:
    """Text of a hidden style, and the paragraphs of a table of contents with the heading before them."""
    styles = _styles(_style("h", "Geheim", "<w:rPr><w:vanish/></w:rPr>", "character"), _style("o", "Überschrift 1"))
    contents = f"<w:p>{_field('TOC', run_of('Eins ') + _field('PAGEREF x', run_of('3')))}</w:p>"
    hidden = run_of("geheim", '<w:rPr><w:rStyle w:val="h"/></w:rPr>')
    page = _field("PAGEREF y", run_of(" 3."))
    body = paragraph("Inhalt") + contents + paragraph("Eins", "o") + paragraph("Siehe Seite", after=hidden + page)
    found = imported(write_docx(tmp_path / "b.docx", body, extra=styles))
    assert found.texts == ["Eins\n\nSiehe Seite 3.\n"]
    assert found.excluded == {"table-of-contents": ["Inhalt", "Eins 3"], "hidden": ["geheim"]}


def test_the_language_of_a_document_is_that_of_its_styles(tmp_path: Path) -> None:
    """Word processors store it there and rarely in the properties of the file."""
    styles = _styles(
        '<w:docDefaults><w:rPrDefault><w:rPr><w:lang w:val="de-DE"/></w:rPr></w:rPrDefault></w:docDefaults>'
    )
    assert imported(write_docx(tmp_path / "b.docx", paragraph("Text."), extra=styles)).book.about.language == "de-DE"


def test_boxes_are_read_once_and_after_their_paragraph(tmp_path: Path) -> None:
    """A text box without a copy for older programs, one with it, and custom XML."""
    inner = f"<w:txbxContent>{paragraph('In a box.')}</w:txbxContent>"
    markup = 'xmlns:mc="http://schemas.openxmlformats.org/markup-compatibility/2006"'
    shape = '<v:textbox xmlns:v="urn:schemas-microsoft-com:vml">'
    both = f"<mc:Choice>{inner}</mc:Choice><mc:Fallback><w:pict>{shape}{inner}</v:textbox></w:pict></mc:Fallback>"
    boxes = (
        f"<w:r><w:drawing>{inner}</w:drawing></w:r>",
        f"<w:r><mc:AlternateContent {markup}>{both}</mc:AlternateContent></w:r>",
    )
    for box in boxes:
        custom = f"<w:customXml>{paragraph('Custom.')}</w:customXml>"
        found = imported(write_docx(tmp_path / "b.docx", paragraph("Before.", after=box) + custom))
        assert found.texts == ["Before.\n\nIn a box.\n\nCustom.\n"]


def test_comments_and_notes_without_a_reference_are_accounted_for(tmp_path: Path) -> None:
    """The text of a note whose reference was deleted, and the comments of reviewers."""
    comments = f'<w:comments xmlns:w="{_WORDS}"><w:comment w:id="0">{paragraph("Cut this?")}</w:comment></w:comments>'
    note = f'<w:footnote w:id="3">{paragraph("Nobody refers to me.")}</w:footnote>'
    found = imported(write_docx(tmp_path / "b.docx", paragraph("Text."), note, {"word/comments.xml": comments}))
    assert found.texts == ["Text.\n"]
    assert (found.excluded["note"], found.excluded["comment"]) == (["Nobody refers to me."], ["Cut this?"])


def test_headings_of_a_manuscript_without_styles(tmp_path: Path) -> None:
    """Paragraphs that read like headings are headings where the document marks none."""
    lines = ["Chapter One", "The Storm", "It was dark.", "Part of it.", "Chapter Two", "I saw him.", "It was day."]
    found = imported(write_docx(tmp_path / "b.docx", "".join(map(paragraph, lines))))
    assert found.titles == ["Chapter One The Storm", "Chapter Two"]
