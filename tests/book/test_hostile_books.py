"""Hostile and damaged books: refused with a reason, or read without harm."""

import struct
import zipfile
from pathlib import Path

import pytest

from tests.book.epubs import NAV_ITEM, epub_of, package, page, write_epub
from tests.book.read_back import imported
from voicemill.book.importing import archive, markup
from voicemill.book.importing.folder import write_book
from voicemill.book.importing.import_book import import_book
from voicemill.errors import BookError

_SECRET = "top secret"
_LAUGHS = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10))
_ENCRYPTION = '<encryption><CipherReference URI="{}"/></encryption>'


def _one_page(path: Path, document: str | bytes, **files: str | bytes) -> Path:
    return write_epub(path, {"a.xhtml": document, "package.opf": package(["a.xhtml"]), **files})


def test_external_entities_are_not_read(tmp_path: Path) -> None:
    """A document that refers to a file of the machine is refused, and the file is not read."""
    secret = tmp_path / "secret.txt"
    secret.write_text(_SECRET)
    document = f'<!DOCTYPE html [<!ENTITY x SYSTEM "{secret.as_uri()}">]><html><body><p>A &x;</p></body></html>'
    with pytest.raises(BookError, match="entity 'x'") as refused:
        imported(_one_page(tmp_path / "b.epub", document))
    assert _SECRET not in str(refused.value)


def test_nested_entities_are_refused(tmp_path: Path) -> None:
    """Entities that would expand to gigabytes are not expanded."""
    document = f'<!DOCTYPE html [<!ENTITY l0 "ha">{_LAUGHS}]><html><body><p>&l9;</p></body></html>'
    with pytest.raises(BookError, match="entity 'l9'"):
        imported(_one_page(tmp_path / "b.epub", document))


def test_plain_entities_are_read(tmp_path: Path) -> None:
    """Named characters of HTML, and plain entities that the document declares, are text."""
    text = "&co;&nbsp;&eacute;&hellip; &lt;&amp; &#233;"
    document = f'<!DOCTYPE html [<!ENTITY co "Acme">]><html><body><p>{text}</p></body></html>'
    assert imported(_one_page(tmp_path / "b.epub", document)).texts == ["Acme é… <& é\n"]


def test_zip_bombs_are_refused(tmp_path: Path) -> None:
    """A file that unpacks to hundreds of times its size is not unpacked."""
    with pytest.raises(BookError, match="zip bomb"):
        imported(_one_page(tmp_path / "b.epub", page("<p>A</p>" + " " * 20_000_000)))


def test_a_wrong_size_in_the_archive_does_not_get_past_the_limit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The limit counts what is unpacked, not what the archive says."""
    monkeypatch.setattr(archive, "_MAX_FILE_BYTES", 1000)
    book = _one_page(tmp_path / "b.epub", page("<p>" + "boat " * 500 + "</p>"))
    content = bytearray(book.read_bytes())
    size = struct.pack("<I", len(page("<p>" + "boat " * 500 + "</p>")))
    book.write_bytes(content.replace(size, struct.pack("<I", 10)))
    with pytest.raises(BookError, match=r"damaged|more than"):
        imported(book)


def test_too_much_markup_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A document larger than the limit is refused before it is parsed."""
    monkeypatch.setattr(markup, "MAX_MARKUP_BYTES", 1000)
    with pytest.raises(BookError, match="bytes of markup"):
        imported(_one_page(tmp_path / "b.epub", page("<p>boat</p>" * 100)))


def test_deep_trees_are_read_or_refused(tmp_path: Path) -> None:
    """A thousand nested elements are read; more than the parser allows are refused, not cut short."""
    deep = "<div>" * 1000 + "boat" + "</div>" * 1000
    assert imported(_one_page(tmp_path / "b.epub", page(deep))).texts == ["boat\n"]
    deeper = page("<p>first</p>" + "<div>" * 5000 + "boat" + "</div>" * 5000)
    with pytest.raises(BookError, match="nested too deeply"):
        imported(_one_page(tmp_path / "c.epub", deeper))


def test_paths_do_not_lead_out_of_the_folder(tmp_path: Path) -> None:
    """Names of files and titles of chapters write nothing outside the book folder."""
    title = "../../../etc/passwd"
    files: dict[str, str | bytes] = {
        "../../evil.xhtml": page(f"<h1>{title}</h1><p>Text.</p>"),
        "package.opf": package(["../../evil.xhtml"]),
    }
    book = write_epub(tmp_path / "b.epub", files)
    write_book(import_book(book), book, tmp_path / "inner" / "book")
    outside = [path for path in tmp_path.rglob("*") if path.is_file() and "inner" not in path.parts]
    assert outside == [book]
    assert (tmp_path / "inner/book/texts/001-etc-passwd.txt").read_text() == f"{title}\n\nText.\n"


@pytest.mark.parametrize(
    ("files", "system"),
    [
        ({"/META-INF/rights.xml": '<rights xmlns="http://ns.adobe.com/adept"/>'}, "Adobe DRM"),
        ({"/META-INF/sinf.xml": "<sinf/>"}, "Apple DRM"),
        ({"/META-INF/license.lcpl": "{}"}, "Readium LCP"),
        ({"/META-INF/encryption.xml": _ENCRYPTION.format("OPS/a.xhtml")}, "encrypted"),
    ],
)
def test_protected_books_are_refused(tmp_path: Path, files: dict[str, str | bytes], system: str) -> None:
    """The message names the protection and the remedy."""
    with pytest.raises(BookError, match=f"{system}.*without DRM"):
        imported(_one_page(tmp_path / "b.epub", page("<p>Text.</p>"), **files))


def test_a_statement_of_rights_is_not_protection(tmp_path: Path) -> None:
    """A book may state its rights without any DRM."""
    files: dict[str, str | bytes] = {"/META-INF/rights.xml": "<rights>All rights reserved.</rights>"}
    assert imported(_one_page(tmp_path / "b.epub", page("<p>Text.</p>"), **files)).texts == ["Text.\n"]


def test_an_unpacked_book_is_refused_with_the_remedy(tmp_path: Path) -> None:
    """The message says how to pack the folder."""
    (tmp_path / "book" / "META-INF").mkdir(parents=True)
    with pytest.raises(BookError, match="unpacked EPUB; pack it first"):
        imported(tmp_path / "book")


def test_encrypted_fonts_are_no_protection(tmp_path: Path) -> None:
    """Obfuscated fonts are common in books without DRM."""
    files: dict[str, str | bytes] = {"/META-INF/encryption.xml": _ENCRYPTION.format("OPS/font.otf")}
    assert imported(_one_page(tmp_path / "b.epub", page("<p>Text.</p>"), **files)).texts == ["Text.\n"]


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"", "cannot be opened"),
        (b"<html>not a zip</html>", "cannot be opened"),
        (b"PK\x03\x04" + b"\0" * 100, "cannot be opened"),
    ],
)
def test_files_that_are_no_archives_are_refused(tmp_path: Path, content: bytes, why: str) -> None:
    """A download that broke off, or a web page, is named as such."""
    (tmp_path / "b.epub").write_bytes(content)
    with pytest.raises(BookError, match=why):
        imported(tmp_path / "b.epub")


def test_archives_that_are_no_books_are_refused(tmp_path: Path) -> None:
    """Without a package document, with a spine that names missing files, or with an empty spine."""
    with zipfile.ZipFile(tmp_path / "a.epub", "w") as made:
        made.writestr("readme.txt", "hello")
    with pytest.raises(BookError, match="package document"):
        imported(tmp_path / "a.epub")
    with pytest.raises(BookError, match=r"no file 'OPS/gone.xhtml'"):
        imported(write_epub(tmp_path / "b.epub", {"package.opf": package(["gone.xhtml"])}))
    with pytest.raises(BookError, match="no documents"):
        imported(write_epub(tmp_path / "c.epub", {"package.opf": package([])}))


def test_a_truncated_archive_is_refused(tmp_path: Path) -> None:
    """Half a download is refused."""
    book = epub_of(tmp_path / "b.epub", {"a.xhtml": "<p>Text.</p>"})
    book.write_bytes(book.read_bytes()[:-200])
    with pytest.raises(BookError, match="download"):
        imported(book)


@pytest.mark.parametrize(
    ("document", "text"),
    [
        ("<html><body><p>One<p>Two</body></html>", "One\n\nTwo\n"),
        ("<html><body><p>a & b < c</p></body></html>", "a & b < c\n"),
        ("<p>No head</p>", "No head\n"),
        ('<?xml version="1.0"?>' * 2 + "<html><body><p>One</p></body></html>", "One\n"),
        ('<?xml version="1.0"><?xml encoding="utf-8"?><p>One</p>', "One\n"),
        ("<html><body><p>A\x00\x07B &#1;</p></body></html>", "AB\n"),
        (
            '<?xml version="1.0" encoding="iso-8859-1"?><html><body><p>caf\xe9</p></body></html>'.encode("latin-1"),
            "café\n",
        ),
        ("<html><body><p>caf\x92</p></body></html>".encode("latin-1"), "caf’\n"),
        ("<html><body><p>café</p></body></html>".encode("utf-16"), "café\n"),
        ("\ufeff<html><body><p>café</p></body></html>", "café\n"),
        ("<html><body><p>&unknown; it</p></body></html>", "&unknown; it\n"),
        ('<html xmlns:x="urn:x"><body><x:p>One</x:p><p>Two</p></body></html>', "One\n\nTwo\n"),
    ],
    ids=[
        "unclosed",
        "bare",
        "fragment",
        "declared twice",
        "declaration not closed",
        "controls",
        "latin",
        "windows",
        "utf-16",
        "bom",
        "entity",
        "namespaces",
    ],
)
def test_documents_that_are_not_quite_right_are_read(tmp_path: Path, document: str | bytes, text: str) -> None:
    """Markup and encodings as they are found in real books."""
    assert imported(_one_page(tmp_path / "b.epub", document)).texts == [text]


def test_a_missing_container_and_a_spine_with_unknown_ids(tmp_path: Path) -> None:
    """The package document is found without its container; references to nothing are passed over."""
    files: dict[str, str | bytes] = {
        "/META-INF/container.xml": "<container/>",
        "a.xhtml": page("<p>Text.</p>"),
        "package.opf": package(["a.xhtml"], spine='<itemref idref="gone"/><itemref idref="d0"/>'),
    }
    assert imported(write_epub(tmp_path / "b.epub", files)).texts == ["Text.\n"]


def test_a_navigation_document_without_a_list(tmp_path: Path) -> None:
    """Headings make the chapters."""
    files: dict[str, str | bytes] = {
        "nav.xhtml": page('<nav epub:type="toc"></nav>'),
        "a.xhtml": page("<h1>One</h1><p>A.</p><h1>Two</h1><p>B.</p>"),
        "package.opf": package(["a.xhtml"], manifest=NAV_ITEM),
    }
    assert imported(write_epub(tmp_path / "b.epub", files)).titles == ["One", "Two"]


@pytest.mark.parametrize("content", [b"", b"not an image", b"\x89PNG\r\n\x1a\n" + b"\0" * 50])
def test_a_cover_that_cannot_be_read_is_left_out(tmp_path: Path, content: bytes) -> None:
    """The import goes through without a cover."""
    cover = '<item id="c" href="c.png" media-type="image/png" properties="cover-image"/>'
    files: dict[str, str | bytes] = {
        "c.png": content,
        "a.xhtml": page("<p>Text.</p>"),
        "package.opf": package(["a.xhtml"], manifest=cover),
    }
    book = write_epub(tmp_path / "b.epub", files)
    write_book(import_book(book), book, tmp_path / "book")
    assert not (tmp_path / "book" / "cover.jpg").exists()
