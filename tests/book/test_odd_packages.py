"""Packages that are not quite right: types, ids and files that do not fit, and covers named in several ways."""

import io
from pathlib import Path

import pytest
from PIL import Image

from tests.book.epubs import NAV_ITEM, epub_of, items, nav, package, page, write_epub
from tests.book.read_back import imported

_PACKAGE = (
    '<package xmlns="http://www.idpf.org/2007/opf" version="3.0"><metadata '
    'xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:opf="http://www.idpf.org/2007/opf">{metadata}</metadata>'
    "<manifest>{items}</manifest><spine>{spine}</spine>{guide}</package>"
)


def _jpeg() -> bytes:
    made = io.BytesIO()
    Image.new("RGB", (8, 8)).save(made, "JPEG")
    return made.getvalue()


def _package(items: str, spine: str, metadata: str = "", guide: str = "") -> str:
    return _PACKAGE.format(items=items, spine=spine, metadata=metadata, guide=guide)


def test_documents_with_a_wrong_media_type_are_read(tmp_path: Path) -> None:
    """A document of the spine is recognized by its content where neither its type nor its name says what it is."""
    listed = (
        '<item id="a" href="a.xht" media-type="application/xml"/>'
        '<item id="b" href="b" media-type="application/octet-stream"/>'
        '<item id="c" href="c.txt" media-type="text/plain"/>'
    )
    files: dict[str, str | bytes] = {"a.xht": page("<h1>A</h1>"), "b": page("<h1>B</h1>"), "c.txt": page("<h1>C</h1>")}
    files["package.opf"] = _package(listed, '<itemref idref="a"/><itemref idref="b"/><itemref idref="c"/>')
    assert imported(write_epub(tmp_path / "b.epub", files)).titles == ["A", "B", "C"]


def test_the_fallback_of_an_item_that_is_no_document_is_read(tmp_path: Path) -> None:
    """The spine names a PDF, whose fallback is a document."""
    listed = (
        '<item id="p" href="p.pdf" media-type="application/pdf" fallback="a"/>'
        '<item id="a" href="a.xhtml" media-type="application/xhtml+xml"/>'
    )
    files: dict[str, str | bytes] = {"p.pdf": b"%PDF", "a.xhtml": page("<h1>A</h1>")}
    files["package.opf"] = _package(listed, '<itemref idref="p"/>')
    assert imported(write_epub(tmp_path / "b.epub", files)).titles == ["A"]


def test_chapters_that_the_package_forgets_are_read_where_the_contents_list_them(tmp_path: Path) -> None:
    """The spine names ids that no item has; the documents are in the table of contents."""
    files: dict[str, str | bytes] = {f"{name}.xhtml": page(f"<h1>{name}</h1>") for name in "abcd"}
    files["nav.xhtml"] = nav(items(*((f"{name}.xhtml", name) for name in "abcd")))
    spine = '<itemref idref="gone"/><itemref idref="lost"/>'
    files["package.opf"] = package(["a.xhtml", "d.xhtml"], manifest=NAV_ITEM, spine=spine)
    assert imported(write_epub(tmp_path / "b.epub", files)).titles == [*"abcd"]


def test_only_authors_are_named_in_the_credits(tmp_path: Path) -> None:
    """Illustrators and translators are creators, too: by an attribute in EPUB 2, by a property in EPUB 3."""
    metadata = (
        '<dc:creator opf:role="aut">Ann Author</dc:creator><dc:creator opf:role="ill">Ivo Ink</dc:creator>'
        '<dc:creator id="t">Tom Tongue</dc:creator><meta refines="#t" property="role">trl</meta>'
    )
    listed = '<item id="a" href="a.xhtml" media-type="text/html"/>'
    files = {"a.xhtml": page("<h1>A</h1>"), "package.opf": _package(listed, '<itemref idref="a"/>', metadata)}
    assert imported(write_epub(tmp_path / "b.epub", files)).book.about.author == "Ann Author"


_IMAGE_ITEM = '<item id="i" href="i/1.jpg" media-type="image/jpg"/>'
_COVERS = {
    "meta with an address": (_IMAGE_ITEM, '<meta name="cover" content="i/1.jpg"/>', ""),
    "meta with an id": (_IMAGE_ITEM, '<meta name="cover" content="i"/>', ""),
    "the guide names a page": (_IMAGE_ITEM, "", '<guide><reference type="cover" href="f.xhtml"/></guide>'),
    "the first page": ("", "", ""),
}


@pytest.mark.parametrize("name", _COVERS)
def test_covers_are_found(tmp_path: Path, name: str) -> None:
    """By the metadata, by the guide, or as the only content of the first page."""
    listed, metadata, guide = _COVERS[name]
    listed += "".join(f'<item id="{each}" href="{each}.xhtml" media-type="application/xhtml+xml"/>' for each in "fa")
    drawn = (
        '<svg xmlns="http://www.w3.org/2000/svg" xmlns:x="http://www.w3.org/1999/xlink"><image x:href="i/1.jpg"/></svg>'
    )
    files: dict[str, str | bytes] = {"f.xhtml": page(drawn), "a.xhtml": page("<h1>A</h1>"), "i/1.jpg": _jpeg()}
    files["package.opf"] = _package(listed, '<itemref idref="f"/><itemref idref="a"/>', metadata, guide)
    assert imported(write_epub(tmp_path / "b.epub", files)).book.about.cover == _jpeg()


def test_an_image_in_the_text_is_no_cover(tmp_path: Path) -> None:
    """The first page has words, and the name of the image only contains the word."""
    image = '<item id="i" href="discover.jpg" media-type="image/jpeg"/>'
    book = epub_of(tmp_path / "b.epub", {"a.xhtml": '<p>Text <img src="discover.jpg"/>.</p>'}, manifest=image)
    assert imported(book).book.about.cover == b""
