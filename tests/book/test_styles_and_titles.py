"""What style sheets hide, and titles that a chapter says in other words than the contents."""

from pathlib import Path

import pytest

from tests.book.epubs import epub_of, items, package, page, write_epub
from tests.book.read_back import imported

_SHEET = """
@charset "utf-8"; @import url(more.css);
.hide, .aside { display: none } .box p { display: none } .a.b { visibility: hidden } ul > li.x { display: none }
[data-x] { display: none } @media screen { .m { display: none } } @media print { p { display: none } }
p.hide.but { display: block } .late { display: none } .late { display: block } .must { display: none !important }
p:first-child { display: none }
"""
_HIDDEN = (
    '<p class="hide">1</p><div class="box"><b><p>2</p></b></div><p class="b a">3</p><ul><li class="x">4</li></ul>'
    '<p data-x="">5</p><p class="m">6</p><p class="more">7</p><p class="must" style="display:block">8</p>'
)
_SHOWN = (
    '<p>Shown A</p><p class="hide but">Shown B</p><p class="a">Shown C</p>'
    '<ol><li class="x">Shown D</li></ol><p class="late">Shown E</p>'
    '<p class="aside" style="display:block">Shown F</p>'
)


def test_style_sheets_hide_what_a_reader_hides(tmp_path: Path) -> None:
    """Selectors with several parts, imported sheets and conditions; later, exact and important rules count more."""
    files: dict[str, str | bytes] = {
        "a.xhtml": page(_SHOWN + _HIDDEN, '<title/><link rel="stylesheet" href="s.css"/>'),
        "b.xhtml": page('<p class="hide">No sheet is linked.</p>'),
        "s.css": _SHEET,
        "more.css": ".more { display: none }",
        "package.opf": package(["a.xhtml", "b.xhtml"]),
    }
    found = imported(write_epub(tmp_path / "b.epub", files))
    assert found.texts == ["\n\n".join(f"Shown {each}" for each in "ABCDEF") + "\n", "No sheet is linked.\n"]
    assert found.excluded["hidden"] == ["1", "2", "3", "4", "5", "6", "7", "8"]


@pytest.mark.parametrize(
    ("title", "body"),
    [
        ("Chapter 1: The Boat", '<p class="cn">1</p><p>The Boat</p>'),
        ("2. The Sea", "<p>CHAPTER TWO</p><p>The</p><p>Sea</p>"),
        ("Chapter 6", "<p>6</p>"),
    ],
)
def test_a_title_in_several_lines_is_not_said_twice(tmp_path: Path, title: str, body: str) -> None:
    """The lines say the title with the number written in another way, or without it."""
    found = imported(epub_of(tmp_path / "b.epub", {"a.xhtml": f"{body}<p>It came.</p>"}, items(("a.xhtml", title))))
    assert (found.titles, found.book.chapters[0].kept[0].is_added) == ([title], False)


def test_a_sentence_with_the_last_word_of_the_title_does_not_replace_it(tmp_path: Path) -> None:
    """The title is said before it."""
    entries = items(("a.xhtml", "3. Home"))
    found = imported(epub_of(tmp_path / "b.epub", {"a.xhtml": "<p>He came home.</p>"}, entries))
    assert found.texts == ["3. Home\n\nHe came home.\n"]


def test_front_matter_and_notes_of_markdown(tmp_path: Path) -> None:
    """TOML and lists of authors are read; notes without a reference or with the mark of another are accounted for."""
    text = "[TOC]\n\n# Chapter 1\n\nB.[^n]\n\n[^n]: C.\n[^n]: D.\n[^o]: E.\n"
    (tmp_path / "a.md").write_text(f'+++\ntitle = "A"\n+++\n\n{text}')
    found = imported(tmp_path / "a.md")
    assert (found.book.about.title, found.texts) == ("A", ["Chapter 1\n\nB.\n"])
    assert [note[0] for note in found.excluded["note"]] == ["C", "D", "E"]
    (tmp_path / "b.md").write_text("---\nauthor:\n  - Ann\n  - Ben\n---\n\n# Chapter 1\n\nB.\n")
    about = imported(tmp_path / "b.md").book.about
    assert (about.title, about.author) == ("b", "Ann and Ben")


def test_links_of_the_contents_that_lead_below_the_heading(tmp_path: Path) -> None:
    """The heading belongs to the chapter of the text after it."""
    body = '<h2>1</h2><h3>The Boat</h3><p id="a">It came.</p><h2>Chapter 2</h2><p><b id="b"/>It went.</p>'
    entries = items(("a.xhtml#a", "1. The Boat"), ("a.xhtml#b", "Chapter 2"))
    found = imported(epub_of(tmp_path / "b.epub", {"a.xhtml": body}, entries))
    assert found.texts == ["1\n\nThe Boat\n\nIt came.\n", "Chapter 2\n\nIt went.\n"]


def test_an_id_that_a_document_has_twice(tmp_path: Path) -> None:
    """The second entry means the heading with its title."""
    body = '<h1 id="x">One</h1><p>A.</p><h1 id="x">Two</h1><p>B.</p>'
    entries = items(("a.xhtml#x", "One"), ("a.xhtml#x", "Two"))
    found = imported(epub_of(tmp_path / "b.epub", {"a.xhtml": body}, entries))
    assert (found.titles, found.texts[1]) == (["One", "Two"], "Two\n\nB.\n")
