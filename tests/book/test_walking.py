"""The text of a document: what is kept, what is excluded, and how blocks and lines follow each other."""

from pathlib import Path

import pytest

from tests.book.epubs import epub_of
from tests.book.read_back import ReadBack, imported

_CASES = {
    "soft hyphens": ("<p>Fa\u00admous last\u200b words.</p>", "Famous last words."),
    "drop cap": ('<p><span class="dropcap">T</span>he boat.</p>', "The boat."),
    "drop cap and a blank": ('<p><span class="drop-cap">T</span> he boat.</p>', "The boat."),
    "drop cap that is a word": ('<p><b class="dropcap">I</b> saw <b class="dropcap">A</b> man.</p>', "I saw A man."),
    "drop cap as a block": ('<div class="dropcap">T</div><p>he boat.</p>', "The boat."),
    "drop cap in a box": ('<div class="dropcap"><p>T</p></div><p>he boat.</p>', "The boat."),
    "drop cap as an image": ('<p><img alt="T" src="t.png"/>he boat.</p>', "The boat."),
    "drop cap as an image in a box": (
        '<p><span class="dc"><img alt="T" src="t.png"/></span>he boat.</p>', "The boat.",
    ),
    "drop cap as an image before the paragraph": (
        '<div class="dropcap"><img alt="“W" src="w.png"/></div><p>ell.”</p>', "“Well.”",
    ),
    "letter as an image that is a word": (
        '<p><b class="dropcap"><img alt="I" src="i.png"/></b> saw.</p>', "I saw.",
    ),
    "image that is no letter": ('<p><img alt="A" src="a.png"/>, B</p>', ", B"),
    "page number by id": ('<p>It <a id="page_4">[4]</a>was <span id="p4">the 4</span>.</p>', "It was the 4."),
    "ruby": ("<p><ruby>漢<rp>(</rp><rt>kan</rt><rp>)</rp>字<rt>ji</rt></ruby>だ。</p>", "漢字だ。"),
    "hidden by attribute": ("<p hidden=''>No.</p><p>Yes.</p>", "Yes."),
    "hidden by style": ('<p style="color:red; display: none">No.</p><p>Yes.</p>', "Yes."),
    "hidden from readers": ('<p><span aria-hidden="true">*</span>Yes.</p>', "Yes."),
    "page number by type": ('<p>One <span epub:type="pagebreak" id="p9">9</span>two.</p>', "One two."),
    "page number by class": ('<p>One<span class="pagenum">[Pg 9]</span> two.</p>', "One two."),
    "line numbers": ('<div class="poem"><div>April<span class="lnum">10</span></div></div>', "April"),
    "lines of verse": ('<div class="poem"><p>April is</p><p>The month</p></div>', "April is\nThe month"),
    "stanzas": (
        '<div class="stanza"><div>One</div><div>Two</div></div><div class="stanza"><div>Three</div></div>',
        "One\nTwo\n\nThree",
    ),
    "verse with breaks": ('<p class="verse">April is<br/>The month</p>', "April is\nThe month"),
    "two breaks are a paragraph": ("<p>One.<br/><br/>Two.</p>", "One.\n\nTwo."),
    "scene break": ("<p>One.</p><hr/><p>Two.</p>", "One.\n\n\nTwo."),
    "preformatted": ("<pre>One\n  Two</pre>", "One\nTwo"),
    "table": (
        "<table><tr><th>Boat</th><th>Sail</th></tr><tr><td>Ann</td><td><p>3</p></td></tr></table>",
        "Boat\nSail\n\nAnn\n3",
    ),
    "table of paragraphs": ("<table><tr><td><p>One.</p><p>Two.</p></td></tr></table>", "One.\n\nTwo."),
    "list": ("<ul><li>One</li><li><p>Two</p></li></ul>", "One\n\nTwo"),
    "text beside blocks": ("<div>One <b>and</b> a half<p>Two</p>three</div>", "One and a half\n\nTwo\n\nthree"),
    "words across elements": ("<p>un<i>believ</i>able</p>", "unbelievable"),
    "script": ("<script>var a = '<p>';</script><p>Yes.</p>", "Yes."),
    "drawing": ("<svg xmlns='http://www.w3.org/2000/svg'><text>Fig</text></svg><p>Yes.</p>", "Yes."),
    "struck through": ("<p>It cost <del>five</del><ins>six</ins><s> francs</s> pence.</p>", "It cost six pence."),
    "formula in words": (
        '<p>So <math alttext="x squared"><msup><mi>x</mi><mn>2</mn></msup></math> is.</p>', "So x squared is.",
    ),
    "ordinals and powers": ("<p>The 3<sup>rd</sup>, x<sup>2</sup>.</p>", "The 3rd, x2."),
    "comment": ("<p>One<!-- no -->two.</p>", "Onetwo."),
    "CDATA": ("<p><![CDATA[a < b]]></p>", "a < b"),
    "markup of speakers": ("<p>@Ann: {Ben|no}</p>", r"\@Ann: \{Ben|no\}"),
    "no body": ("", None),
}  # fmt: skip


def _book(tmp_path: Path, body: str) -> ReadBack:
    return imported(epub_of(tmp_path / "b.epub", {"a.xhtml": body, "z.xhtml": "<p>End.</p>"}))


@pytest.mark.parametrize("name", _CASES)
def test_text_is_kept_as_a_reader_sees_it(tmp_path: Path, name: str) -> None:
    """The kept text of a document; all other characters are accounted for by the import itself."""
    body, text = _CASES[name]
    found = _book(tmp_path, body)
    assert found.texts == ([f"{text}\n"] if text else []) + ["End.\n"]


_NOTES = {
    "EPUB 3": (
        '<p>Boat<a epub:type="noteref" href="#n">1</a>.</p>', '<aside epub:type="footnote" id="n">A craft.</aside>',
    ),
    "roles": (
        '<p>Boat<a role="doc-noteref" href="#n">1</a>.</p>', '<aside role="doc-footnote" id="n">A craft.</aside>',
    ),
    "raised numbers": (
        '<p>Boat<sup><a href="#n" id="r">1</a></sup>.</p>', '<p id="n"><a href="#r">1</a> A craft.</p>',
    ),
    "brackets": ('<p>Boat<a href="#n" id="r">[1]</a>.</p>', '<div><p><a id="n" href="#r">[1]</a> A craft.</p></div>'),
    "brackets outside": (
        '<p>Boat[<a href="#n" id="r">1</a>].</p>', '<p id="n">[<a href="#r">1</a>] A craft.</p>',
    ),
    "no links": ("<p>Boat<sup>1</sup>.</p>", '<p class="footnote"><sup>1</sup> A craft.</p>'),
    "no links and no raised mark": ("<p>Boat<sup>1</sup>.</p>", '<p class="footnote_text">1. A craft.</p>'),
    "raised by a style": (
        '<p>Boat<span style="vertical-align: super"><a href="#n">1</a></span>.</p>', '<p id="n">1 A craft.</p>',
    ),
    "a letter that links back": (
        '<p>Boat<a href="#n" id="r"><i>a</i></a>.</p>', '<p id="n"><a href="#r">a</a> A craft.</p>',
    ),
    "a raised character": ('<p>Boat<a href="#n">¹</a>.</p>', '<p id="n"><a href="#x">1</a> A craft.</p>'),
    "two in one": (
        '<p>Boat<sup><a href="#n">1</a>, <a href="#m">2</a></sup>.</p>', '<p id="n">1 A craft.</p><p id="m">2 It.</p>',
    ),
    "terms": (
        '<p>Boat<sup><a href="#n" id="r">1</a></sup>.</p>',
        '<dl><dt id="n"><a href="#r">1</a></dt><dd>A craft.</dd></dl>',
    ),
    "rows": (
        '<p>Boat<sup><a href="#n" id="r">1</a></sup>.</p>',
        '<table><tr><td id="n"><a href="#r">1</a></td><td>A craft.</td></tr></table>',
    ),
    "words that lead back": (
        '<p>Boat<sup><a href="#n" id="r">1</a></sup>.</p>', '<li id="n">A craft. <a href="#r">Back to text</a></li>',
    ),
    "symbols": ('<p>Boat<a href="#n">*</a>.</p>', '<p id="n">* A craft.</p>'),
    "back arrow": ('<p>Boat<sup id="r"><a href="#n">2</a></sup>.</p>', '<li id="n">A craft. <a href="#r">↩</a></li>'),
    "several paragraphs": (
        '<p>Boat<a class="fn" id="r" href="#n">1</a>.</p>',
        '<div class="footnote"><p id="n"><a href="#r">1</a> A craft.</p><p>It floats.</p></div>',
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", _NOTES)
def test_notes_are_left_out(tmp_path: Path, name: str) -> None:
    """References and notes are excluded, in whatever way the book marks them."""
    reference, note = _NOTES[name]
    found = _book(tmp_path, f"{reference}<p>More.</p>{note}")
    assert found.texts[0] == "Boat.\n\nMore.\n"
    assert len(found.excluded["note-reference"]) == 1
    assert "A craft." in " ".join(found.excluded["note"])


def test_paragraphs_that_continue_a_note(tmp_path: Path) -> None:
    """They are excluded after a note that another follows, and in a document of notes also after the last."""
    links = "".join(f'<a href="n.xhtml#n{number}" id="r{number}"><sup>{number}</sup></a>' for number in (1, 2))
    notes = [f'<p id="n{number}"><a href="a.xhtml#r{number}">{number}.</a> A.</p><p>More.</p>' for number in (1, 2)]
    bodies = {"a.xhtml": f"<h1>One</h1><p>Boat{links}.</p>", "n.xhtml": f"<h1>Notes</h1>{''.join(notes)}"}
    found = imported(epub_of(tmp_path / "b.epub", bodies))
    assert found.texts == ["One\n\nBoat.\n"]
    assert found.excluded["note"] == ["Notes", "1. A.", "More.", "2. A.", "More."]


def test_paragraphs_between_notes_are_kept_where_the_text_goes_on(tmp_path: Path) -> None:
    """Notes below the paragraph that refers to them."""
    texts = [
        f'<p>Boat {number}<sup><a href="#n{number}" id="r{number}">{number}</a></sup>.</p>'
        f'<p id="n{number}"><a href="#r{number}">{number}</a> A craft.</p><p>More.</p>'
        for number in (1, 2)
    ]
    assert _book(tmp_path, "".join(texts)).texts[0] == "Boat 1.\n\nMore.\n\nBoat 2.\n\nMore.\n"


def test_a_note_with_two_references(tmp_path: Path) -> None:
    """Both references to the same note are excluded."""
    link = '<sup><a href="#n">1</a></sup>'
    found = _book(tmp_path, f'<p>Boat{link} and sail{link}.</p><p id="n">1 A craft.</p>')
    assert found.texts[0] == "Boat and sail.\n"


def test_a_sentence_with_the_words_of_the_heading_is_kept(tmp_path: Path) -> None:
    """Only a running title is a repetition of the heading, not the first sentence or a quotation."""
    kept = _book(tmp_path, "<h1>No</h1><p>“No!”</p><p>Yes.</p>").texts[0]
    assert kept == "No\n\n“No!”\n\nYes.\n\nEnd.\n"
    assert _book(tmp_path, "<h1>No</h1><p>NO</p><p>Yes.</p>").texts[0] == "No\n\nYes.\n\nEnd.\n"


def test_the_heading_of_notes_is_excluded(tmp_path: Path) -> None:
    """A heading within a chapter that only notes follow is a part of the notes."""
    notes = '<h2>Notes</h2><ol><li id="n">A craft. <a href="#r">↩</a></li></ol><h2>After</h2><p>More.</p>'
    found = _book(tmp_path, f'<h1>One</h1><p>Boat<sup><a href="#n" id="r">1</a></sup>.</p>{notes}')
    assert found.texts[0] == "One\n\nBoat.\n\nAfter\n\nMore.\n\nEnd.\n"


def test_notes_in_a_document_of_their_own(tmp_path: Path) -> None:
    """A document of endnotes is excluded with its heading."""
    bodies = {
        "a.xhtml": '<h1>One</h1><p>Boat<sup><a id="r" href="n.xhtml#n">1</a></sup>.</p>',
        "n.xhtml": '<h1>Notes</h1><p id="n"><a href="a.xhtml#r">1</a>. A craft.</p>',
    }
    found = imported(epub_of(tmp_path / "b.epub", bodies))
    assert found.texts == ["One\n\nBoat.\n"]
    assert found.excluded["note"] == ["Notes", "1. A craft."]


@pytest.mark.parametrize(
    "body",
    [
        '<p>See <a href="#c">chapter 1</a>.</p><p id="c">Chapter.</p>',
        '<p>Boat, <a href="#p">12</a></p><p id="p">It came in.</p>',
        '<p id="a"><a href="#b">1</a> Up.</p><p id="b"><a href="#a">1</a> Down.</p>',
    ],
)
def test_links_that_are_not_notes_are_kept(tmp_path: Path, body: str) -> None:
    """Links to other passages, and page numbers of an index, exclude nothing."""
    assert "note" not in _book(tmp_path, body).excluded
