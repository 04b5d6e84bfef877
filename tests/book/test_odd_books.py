"""Odd books: contents of any shape, chapters over several files, and files that are not quite right."""

from pathlib import Path

import pytest

from tests.book.epubs import NAV_ITEM, epub_of, items, nav, package, page, write_epub
from tests.book.read_back import imported
from voicemill.book.importing.folder import write_book
from voicemill.errors import BookError

_PROSE = "The boat came in at noon. " * 200
_NCX = (
    '<ncx xmlns="http://www.daisy.org/z3986/2005/ncx/"><navMap>'
    '<navPoint id="a"><navLabel><text>First</text></navLabel><content src="a.xhtml"/>'
    '<navPoint id="a1"><navLabel><text>Within</text></navLabel><content src="a.xhtml#s"/></navPoint></navPoint>'
    '<navPoint id="b"><navLabel><text>Second</text></navLabel><content src="b.xhtml"/></navPoint></navMap></ncx>'
)


def test_many_chapters_in_one_file(tmp_path: Path) -> None:
    """Chapters begin at the ids that the contents name; the id may be on an anchor in or before the heading."""
    body = (
        '<h2 id="c1">One</h2><p>First.</p><a id="c2"></a><h2>Two</h2><p>Second.</p>'
        '<h2><a name="c3"/>Three</h2><p>Third.</p>'
    )
    entries = items(("a.xhtml#c1", "One"), ("a.xhtml#c2", "Two"), ("a.xhtml#c3", "Three"))
    found = imported(epub_of(tmp_path / "b.epub", {"a.xhtml": body}, entries))
    assert found.texts == ["One\n\nFirst.\n", "Two\n\nSecond.\n", "Three\n\nThird.\n"]


def test_a_chapter_over_many_files(tmp_path: Path) -> None:
    """A document without an entry and without a heading continues the chapter before it."""
    bodies = {"a.xhtml": "<h1>One</h1><p>First.</p>", "b.xhtml": "<p>More.</p>", "c.xhtml": "<h1>Two</h1><p>Last.</p>"}
    entries = items(("a.xhtml", "One"), ("c.xhtml", "Two"))
    found = imported(epub_of(tmp_path / "b.epub", bodies, entries))
    assert found.texts == ["One\n\nFirst.\n\nMore.\n", "Two\n\nLast.\n"]


def test_a_document_with_a_heading_that_the_contents_leave_out(tmp_path: Path) -> None:
    """It is a chapter with the title of its heading."""
    bodies = {"a.xhtml": "<h1>One</h1><p>First.</p>", "b.xhtml": "<h1>Two</h1><p>Second.</p>"}
    found = imported(epub_of(tmp_path / "b.epub", bodies, items(("a.xhtml", "One"))))
    assert found.titles == ["One", "Two"]


def test_an_ncx_is_read_where_there_is_no_navigation_document(tmp_path: Path) -> None:
    """EPUB 2: short entries below a chapter are its sections."""
    files = {
        "a.xhtml": page('<h1>First</h1><p>One.</p><h2 id="s">Within</h2><p>Two.</p>'),
        "b.xhtml": page("<h1>Second</h1><p>Three.</p>"),
        "toc.ncx": _NCX,
        "package.opf": package(
            ["a.xhtml", "b.xhtml"],
            manifest='<item id="ncx" href="toc.ncx" media-type="application/x-dtbncx+xml"/>',
            toc="ncx",
        ),
    }
    found = imported(write_epub(tmp_path / "b.epub", files))
    assert found.titles == ["First", "Second"]
    assert found.contents == {"Within": "contents-entry: section"}


def test_headings_make_the_chapters_of_a_book_without_contents(tmp_path: Path) -> None:
    """A number and a title in two headings are one chapter."""
    body = f"<h2>I</h2><h2>The Boat</h2><p>{_PROSE}</p><h2>II</h2><h2>The Sea</h2><p>{_PROSE}</p>"
    found = imported(epub_of(tmp_path / "b.epub", {"a.xhtml": body}))
    assert found.titles == ["I The Boat", "II The Sea"]
    assert found.texts[0].startswith("I\n\nThe Boat\n\nThe boat came")


def test_documents_are_chapters_where_there_is_neither_contents_nor_heading(tmp_path: Path) -> None:
    """Each document is a chapter, with its first words as its title."""
    found = imported(epub_of(tmp_path / "b.epub", {"a.xhtml": "<p>One day.</p>", "b.xhtml": "<p>Another.</p>"}))
    assert found.titles == ["One day.", "Another."]


def test_parts_with_chapters(tmp_path: Path) -> None:
    """The page of a part opens its first chapter; an entry without a link names the part."""
    entries = (
        f'<li><a href="p.xhtml">Part One</a><ol>{items(("a.xhtml", "Chapter 1"), ("b.xhtml", "Chapter 2"))}</ol></li>'
        f"<li><span>Part Two</span><ol>{items(('c.xhtml', 'Chapter 3'))}</ol></li>"
    )
    bodies = {"p.xhtml": "<h1>Part One</h1>"} | {
        f"{name}.xhtml": f"<h2>Chapter {number}</h2><p>Text.</p>" for number, name in enumerate("abc", 1)
    }
    found = imported(epub_of(tmp_path / "b.epub", bodies, entries))
    assert found.titles == ["Chapter 1", "Chapter 2", "Chapter 3"]
    assert found.texts[0] == "Part One\n\nChapter 1\n\nText.\n"
    assert [chapter.part for chapter in found.book.chapters] == ["Part One", "Part One", "Part Two"]
    assert found.contents == {"Part One": "contents-entry: part", "Part Two": "contents-entry: no text"}


def test_deep_contents_do_not_make_tiny_chapters(tmp_path: Path) -> None:
    """Hidden branches and sections below a chapter are not chapters; --depth chooses another level."""
    sections = items(("a.xhtml#s1", "Alpha"), ("a.xhtml#s2", "Beta"))
    entries = f'<li><a href="a.xhtml">Tales</a><ol hidden="hidden">{sections}</ol></li>'
    body = '<h1>Tales</h1><h2 id="s1">Alpha</h2><p>One.</p><h2 id="s2">Beta</h2><p>Two.</p>'
    book = epub_of(tmp_path / "b.epub", {"a.xhtml": body}, entries)
    assert imported(book).titles == ["Tales"]
    assert imported(book, depth=2).titles == ["Alpha", "Beta"]


def test_an_entry_whose_target_is_excluded_does_not_fall_back_to_the_start_of_its_file(tmp_path: Path) -> None:
    """The entry of the notes is excluded with them, and the first chapter keeps its title."""
    body = (
        '<h2 id="c">Poem</h2><p>April.</p><section epub:type="rearnotes" id="n"><h2>Notes</h2><p>A month.</p></section>'
    )
    found = imported(
        epub_of(tmp_path / "b.epub", {"a.xhtml": body}, items(("a.xhtml#c", "Poem"), ("a.xhtml#n", "Notes")))
    )
    assert found.titles == ["Poem"]
    assert found.contents == {"Notes": "contents-entry: excluded"}
    assert found.excluded["note"] == ["Notes A month."]


def test_entries_with_broken_links(tmp_path: Path) -> None:
    """An entry to a document that does not exist, or to an id that does not, is excluded with its rule."""
    entries = items(("a.xhtml", "One"), ("gone.xhtml", "Gone"), ("a.xhtml#gone", "Lost"), ("http://x.example/", "Web"))
    found = imported(epub_of(tmp_path / "b.epub", {"a.xhtml": "<h1>One</h1><p>Text.</p>"}, entries))
    assert found.titles == ["One"]
    assert set(found.contents) == {"Gone", "Lost", "Web"}


def test_two_entries_for_the_same_place(tmp_path: Path) -> None:
    """The first is the chapter, the other is excluded."""
    entries = items(("a.xhtml", "One"), ("a.xhtml#top", "Start"))
    found = imported(epub_of(tmp_path / "b.epub", {"a.xhtml": '<h1 id="top">One</h1><p>Text.</p>'}, entries))
    assert (found.titles, found.contents) == (["One"], {"Start": "contents-entry: same place"})


def test_entries_out_of_order(tmp_path: Path) -> None:
    """Chapters are in the order of the book."""
    bodies = {"a.xhtml": "<h1>One</h1><p>First.</p>", "b.xhtml": "<h1>Two</h1><p>Second.</p>"}
    found = imported(epub_of(tmp_path / "b.epub", bodies, items(("b.xhtml", "Two"), ("a.xhtml", "One"))))
    assert found.titles == ["One", "Two"]


def test_names_with_blanks_capitals_and_escapes(tmp_path: Path) -> None:
    """Addresses are unquoted, and found in whatever case the archive has them."""
    bodies = {"Text/my chapter.xhtml": "<h1>One</h1><p>Text.</p>"}
    files = {name: page(body) for name, body in bodies.items()}
    files["package.opf"] = package(["text/My%20Chapter.xhtml"], manifest=NAV_ITEM)
    files["nav.xhtml"] = nav(items(("TEXT/my%20chapter.xhtml", "One")))
    assert imported(write_epub(tmp_path / "b.epub", files)).titles == ["One"]


def test_non_linear_documents_and_those_outside_the_spine(tmp_path: Path) -> None:
    """They are excluded under their own rules."""
    extra = '<item id="x" href="x.xhtml" media-type="application/xhtml+xml"/>'
    extra += '<item id="y" href="y.xhtml" media-type="application/xhtml+xml"/>'
    files: dict[str, str | bytes] = {name: page(f"<p>{name}</p>") for name in ("a.xhtml", "x.xhtml", "y.xhtml")}
    files["package.opf"] = package(["a.xhtml"], manifest=extra, spine='<itemref idref="x" linear="no"/>')
    found = imported(write_epub(tmp_path / "b.epub", files))
    assert found.texts == ["a.xhtml\n"]
    assert found.excluded["not-in-reading-order"] == ["Page x.xhtml"]
    assert found.excluded["not-in-the-spine"] == ["Page y.xhtml"]


def test_a_title_that_the_text_does_not_say_is_added(tmp_path: Path) -> None:
    """A chapter whose heading is an image is announced by its title in the contents."""
    body = '<h2><img alt="heading" src="h.png"/></h2><p>It came in.</p>'
    found = imported(epub_of(tmp_path / "b.epub", {"a.xhtml": body}, items(("a.xhtml", "The Boat"))))
    assert found.texts == ["The Boat\n\nIt came in.\n"]
    assert found.excluded["image-description"] == ["heading"]


def test_headings_are_not_said_twice(tmp_path: Path) -> None:
    """A running title that repeats the heading is excluded."""
    body = '<h1>The Boat</h1><p class="chapter-title">THE BOAT</p><p>It came in.</p>'
    found = imported(epub_of(tmp_path / "b.epub", {"a.xhtml": body}, items(("a.xhtml", "The Boat"))))
    assert found.texts == ["The Boat\n\nIt came in.\n"]
    assert found.excluded["repeated-heading"] == ["THE BOAT"]


def test_chapters_are_selected_by_number(tmp_path: Path) -> None:
    """Other chapters are excluded under a rule; numbers that are not there are refused."""
    bodies = {f"{name}.xhtml": f"<h1>{name}</h1><p>Text.</p>" for name in "abcd"}
    book = epub_of(tmp_path / "b.epub", bodies, items(*((f"{name}.xhtml", name) for name in "abcd")))
    assert imported(book, "2-3").titles == ["b", "c"]
    assert imported(book, "1,3-").titles == ["a", "c", "d"]
    assert imported(book, "2").contents == dict.fromkeys("acd", "contents-entry: not selected")
    write_book(imported(book, "2-3").book, book, tmp_path / "book")
    for wrong in ("5", "3-2", "x", "0"):
        with pytest.raises(BookError, match="--chapters"):
            imported(book, wrong)


def test_a_book_without_words_is_refused(tmp_path: Path) -> None:
    """A book of images has nothing to speak."""
    with pytest.raises(BookError, match="no text that could be spoken"):
        imported(epub_of(tmp_path / "b.epub", {"a.xhtml": '<img src="a.png"/><p>* * *</p>'}))


_ODD_PAGES: dict[str, tuple[str | bytes, list[str], dict[str, list[str]]]] = {
    "elements in capitals": (
        '<HTML><BODY><H1>One</H1><P CLASS="pagenum">12</P><P HIDDEN="">No.</P><P>Yes.</P></BODY></HTML>',
        ["One\n\nYes.\n"],
        {"page-number": ["12"], "hidden": ["No."]},
    ),
    "UTF-16 without a byte order mark": (page("<h1>Öne</h1>").encode("utf-16-be"), ["Öne\n"], {}),
    "a style sheet in the head": (
        page('<h1>One</h1><p class="x">No.</p><p>Yes.</p>', "<style>.x { display: none }</style>"),
        ["One\n\nYes.\n"],
        {"hidden": ["No."]},
    ),
    "a heading of two parts": (
        page("<h1><span>Chapter 1</span><span>The Boat</span></h1>"),
        ["Chapter 1 The Boat\n"],
        {},
    ),
    "a heading as an image": (
        page('<h1><img alt="The Boat" src="h.png"/></h1><p>Yes.</p>'),
        ["The Boat\n\nYes.\n"],
        {},
    ),
    "an ornament in a heading": (
        page('<h1><img alt="ornament" src="o.png"/>One <img alt="Sea" src="o.png"/></h1>'),
        ["One\n"],
        {"image-description": ["ornament", "Sea"]},
    ),
    "words with positions": (
        page('<p><b style="position:absolute">The</b><b style="position:absolute">boat</b></p>'),
        ["The boat\n"],
        {},
    ),
    "small capitals in a heading": (page("<h1>T<small>HE</small> B<small>OAT</small></h1>"), ["THE BOAT\n"], {}),
    "line ends of Windows": (page("<h1>One\r\ntwo</h1>\r\n<pre>a\r\nb</pre>"), ["One two\n\na\nb\n"], {}),
    "text without paragraphs": (page("Just words <b>and</b> more."), ["Just words and more.\n"], {}),
    "one of several cases": (
        page("<p>One <epub:switch><epub:case>case</epub:case><epub:default>two</epub:default></epub:switch>.</p>"),
        ["One two.\n"],
        {"media-fallback": ["case"]},
    ),
    "a drawing around an image": (
        page('<svg xmlns="http://www.w3.org/2000/svg"><title>Map</title><image href="m.png"/></svg><p>Yes.</p>'),
        ["Yes.\n"],
        {"image-text": ["Map"]},
    ),
    "right-to-left text": (
        page('<p dir="rtl">\u202bשלום\u202c.</p>'),
        ["שלום.\n"],
        {"invisible-characters": ["\u202b\u202c"]},
    ),
}
"""A document, the texts of its chapters, and what some rules exclude."""


@pytest.mark.parametrize("name", _ODD_PAGES)
def test_odd_documents_are_read(tmp_path: Path, name: str) -> None:
    """The text is that which a reader shows, and the import accounts for all other characters."""
    document, texts, excluded = _ODD_PAGES[name]
    found = imported(write_epub(tmp_path / "b.epub", {"a.xhtml": document, "package.opf": package(["a.xhtml"])}))
    assert (found.texts, found.excluded | excluded) == (texts, found.excluded)


def test_a_printed_table_of_contents_without_a_mark(tmp_path: Path) -> None:
    """A document of links to the others is excluded; headings that link back to it are headings."""
    links = '<p><a id="t1" href="a.xhtml#c1">Chapter 1</a></p><p><a id="t2" href="b.xhtml#c2">Chapter 2</a></p>'
    bodies = {
        "t.xhtml": f"<h1>Contents</h1>{links}",
        "a.xhtml": '<h2 id="c1"><a href="t.xhtml#t1">Chapter 1</a></h2><p>First.</p>',
        "b.xhtml": '<h2 id="c2"><a href="t.xhtml#t2">Chapter 2</a></h2><p>Second.</p>',
    }
    entries = items(("t.xhtml", "Contents"), ("a.xhtml#c1", "Chapter 1"), ("b.xhtml#c2", "Chapter 2"))
    found = imported(epub_of(tmp_path / "b.epub", bodies, entries))
    assert found.texts == ["Chapter 1\n\nFirst.\n", "Chapter 2\n\nSecond.\n"]
    assert found.contents == {"Contents": "contents-entry: excluded"}


@pytest.mark.parametrize("name", ["items", "paragraphs", "a table"])
def test_a_table_of_contents_in_the_only_document(tmp_path: Path, name: str) -> None:
    """It is excluded with its heading, however it is marked up; the headings that it leads to are kept."""
    links = [f'<a href="#c{number}">Chapter {number}</a>' for number in (1, 2)]
    listed = {
        "items": f"<ul><li>{links[0]}</li><li>{links[1]}</li></ul>",
        "paragraphs": f"<p>{links[0]}</p><p>{links[1]} 17</p>",
        "a table": f"<table><tr><td>{links[0]}</td></tr><tr><td>{links[1]}</td></tr></table>",
    }
    chapters = "".join(f'<h2 id="c{number}">Chapter {number}</h2><p>Text, see {links[0]}.</p>' for number in (1, 2))
    found = imported(epub_of(tmp_path / "b.epub", {"a.xhtml": f"<h2>Contents</h2>{listed[name]}{chapters}"}))
    assert found.texts == [f"Chapter {number}\n\nText, see Chapter 1.\n" for number in (1, 2)]
    assert found.excluded["table-of-contents"][0] == "Contents"


def test_documents_that_the_package_does_not_list(tmp_path: Path) -> None:
    """Another rendition, and a document whose id is taken, are excluded under their own rule."""
    files: dict[str, str | bytes] = {f"{name}.xhtml": page(f"<p>{name}</p>") for name in "abz"}
    files["package.opf"] = package(["a.xhtml"], manifest='<item id="d0" href="b.xhtml" media-type="text/html"/>')
    files["fixed.opf"] = package(["z.xhtml"])
    found = imported(write_epub(tmp_path / "b.epub", files))
    assert (found.texts, found.excluded["not-in-the-package"]) == (["a\n"], ["Page b", "Page z"])


def test_a_large_document_with_many_entries(tmp_path: Path) -> None:
    """A book in one document has all its chapters, whose entries point into its middle."""
    chapters = "".join(f'<h2 id="c{number}">Chapter {number}</h2><p>{_PROSE[:1000]}</p>' for number in range(500))
    entries = items(*((f"a.xhtml#c{number}", f"Chapter {number}") for number in range(500)))
    assert len(imported(epub_of(tmp_path / "b.epub", {"a.xhtml": chapters}, entries)).titles) == 500


def test_a_title_in_the_middle_of_a_chapter_is_not_added(tmp_path: Path) -> None:
    """Words before the heading that the contents name are not announced with its title."""
    found = imported(
        epub_of(tmp_path / "b.epub", {"a.xhtml": "<p>Motto.</p><h2>One</h2><p>Text.</p>"}, items(("a.xhtml", "One")))
    )
    assert found.texts == ["Motto.\n\nOne\n\nText.\n"]
