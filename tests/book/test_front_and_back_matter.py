"""Pages before and after the text: spoken as front or back matter, or excluded under their own rule."""

from pathlib import Path

from tests.book.epubs import NAV_ITEM, epub_of, items, nav, package, page, write_epub
from tests.book.read_back import imported

_PROSE = "The boat came in at noon. " * 200


def test_front_and_back_matter(tmp_path: Path) -> None:
    """Pages that are only to be looked at are excluded; a preface is front, an appendix back."""
    bodies = {
        "t.xhtml": '<section epub:type="titlepage"><h1>The Test</h1></section>',
        "c.xhtml": '<section epub:type="copyright-page"><p>All rights reserved.</p></section>',
        "p.xhtml": "<h1>Preface</h1><p>Dear reader.</p>",
        "a.xhtml": "<h1>Chapter 1</h1><p>Text.</p>",
        "x.xhtml": "<h1>Appendix</h1><p>More.</p>",
        "i.xhtml": '<section epub:type="index"><h1>Index</h1><p>Boat, 3</p></section>',
    }
    names = {"t": "Title", "c": "Copyright", "p": "Preface", "a": "Chapter 1", "x": "Appendix", "i": "Index"}
    entries = items(*((f"{name}.xhtml", title) for name, title in names.items()))
    found = imported(epub_of(tmp_path / "b.epub", bodies, entries))
    assert [(c.title, c.kind) for c in found.book.chapters] == [
        ("Preface", "front"), ("Chapter 1", "chapter"), ("Appendix", "back"),
    ]  # fmt: skip
    assert set(found.contents.values()) == {"contents-entry: excluded"}
    assert set(found.contents) == {"Title", "Copyright", "Index"}


def test_pages_that_only_their_titles_tell(tmp_path: Path) -> None:
    """Cover, title page, copyright, contents and index are excluded; a dedication after them is kept."""
    bodies = {
        "c.xhtml": '<p><img src="c.jpg"/></p>',
        "h.xhtml": "<p>THE TEST</p>",
        "t.xhtml": "<p>THE TEST</p><p>Ann Author</p><p>London</p>",
        "r.xhtml": "<p>Copyright © Ann Author.</p>",
        "d.xhtml": "<p>For Mary.</p>",
        "a.xhtml": "<h1>The Boat</h1><p>It sank.</p>",
        "k.xhtml": "<h1>Acknowledgments</h1><p>Thanks.</p>",
        "i.xhtml": "<h1>Index</h1><p>boat, 3</p>",
    }
    titles = {"c": "Cover", "r": "Copyright Page", "a": "The Boat", "k": "Acknowledgments", "i": "Index"}
    entries = items(*((f"{name}.xhtml", title) for name, title in titles.items()))
    found = imported(epub_of(tmp_path / "b.epub", bodies, entries))
    assert [(c.title, c.kind) for c in found.book.chapters] == [
        ("For Mary.", "front"), ("The Boat", "chapter"), ("Acknowledgments", "back"),
    ]  # fmt: skip
    assert {"half-title", "title-page", "copyright", "index"} <= set(found.excluded)
    assert set(found.contents) == {"Cover", "Copyright Page", "Index"}


def test_a_story_with_the_title_of_such_a_page_is_kept(tmp_path: Path) -> None:
    """An index has no long paragraphs."""
    bodies = {"a.xhtml": f"<h1>Index</h1><p>{_PROSE}</p>", "b.xhtml": f"<h1>Cover</h1><p>{_PROSE}</p>"}
    entries = items(("a.xhtml", "Index"), ("b.xhtml", "Cover"))
    assert imported(epub_of(tmp_path / "b.epub", bodies, entries)).titles == ["Index", "Cover"]


def test_the_guide_of_an_epub_2_names_parts_of_the_book(tmp_path: Path) -> None:
    """A cover page that only the guide names is excluded."""
    guide = '<guide><reference type="cover" href="c.xhtml"/></guide>'
    bodies = {"c.xhtml": "<p>THE TEST</p>", "a.xhtml": "<h1>One</h1><p>Text.</p>"}
    found = imported(epub_of(tmp_path / "b.epub", bodies, items(("a.xhtml", "One")), guide=guide))
    assert found.excluded["cover"] == ["Page THE TEST"]


def test_pages_before_the_first_entry_are_front_matter(tmp_path: Path) -> None:
    """Text that the contents do not list, before the first chapter, is front matter."""
    bodies = {"t.xhtml": "<p>A tale of the sea.</p>", "a.xhtml": "<h1>One</h1><p>Text.</p>"}
    found = imported(epub_of(tmp_path / "b.epub", bodies, items(("a.xhtml", "One"))))
    assert [(c.title, c.kind) for c in found.book.chapters] == [("A tale of the sea.", "front"), ("One", "chapter")]


def test_a_last_page_without_any_text(tmp_path: Path) -> None:
    """An entry that leads to a page of one image at the end of the book has no text."""
    empty = '<html xmlns="http://www.w3.org/1999/xhtml"><head/><body><img src="c.jpg"/></body></html>'
    files = {"a.xhtml": page("<h1>One</h1><p>It sank.</p>"), "z.xhtml": empty}
    files["nav.xhtml"] = nav(items(("a.xhtml", "One"), ("z.xhtml", "Cover")))
    files["package.opf"] = package(["a.xhtml", "z.xhtml"], manifest=NAV_ITEM)
    found = imported(write_epub(tmp_path / "b.epub", files))
    assert (found.titles, found.contents) == (["One"], {"Cover": "contents-entry: no text"})
