"""Plain texts: which lines are headings, contents, notes and marks, in whatever way people typed them."""

from pathlib import Path

import pytest

from tests.book.read_back import ReadBack, imported
from voicemill.book.importing.heading_lines import heading_level


def _read(folder: Path, text: str | bytes) -> ReadBack:
    path = folder / "b.txt"
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return imported(path)


_HEADINGS = {
    "CHAPTER THIRTY-ONE.": 2, "Chapter I. Down the Rabbit-Hole": 2, "Chapter the Last": 2, "Letter 3 to my sister": 2,
    "Kapitel 3": 2, "Erstes Kapitel": 2, "Chapitre premier": 2, "CHAPTER I\nThe Sea": 2, "II.": 2, "III. The Land": 2,
    "SONNET II": 2, "C": 0,
    "IV THE SEA": 2, "Epilogue": 2, "PART ONE": 1, "BOOK THE FIRST: The Sea": 1, "Zweiter Teil": 1,
    "I saw him.": 0, "I. I ran.": 0,
    "Part of me agreed.": 0, "Book him!": 0, "Book I read to him": 0, "12 men came.": 0,
    "Act two began badly.": 0, "Chapter 3 was dull.": 0, "Letter from home arrived.": 0,
}  # fmt: skip


@pytest.mark.parametrize("text", _HEADINGS)
def test_headings_are_told_from_sentences(text: str) -> None:
    """A part has level 1, a chapter level 2, and a short sentence with the same words none."""
    assert heading_level(text, "It rained.", "It snowed.") == _HEADINGS[text]


def test_items_of_a_list_are_no_headings(tmp_path: Path) -> None:
    """A number and words between two others of the kind are an item."""
    text = "CHAPTER I\n\nHe bought:\n\n1. Eggs\n\n2. Bread\n\n3. Oil\n\nThen he left.\n"
    assert _read(tmp_path, text).titles == ["CHAPTER I"]


def test_a_title_below_the_number_of_a_chapter(tmp_path: Path) -> None:
    """It is a part of the chapter's title; a first sentence is not."""
    first = "CHAPTER THIRTY\n\nTHE STORM\n\nIt blew.\n\n"
    text = f"{first}Chapter Forty\n\nIn Which It Ends.\n\nIt fell.\n\nV\n\nHe came.\n\nOh.\n"
    assert _read(tmp_path, text).titles == ["CHAPTER THIRTY THE STORM", "Chapter Forty In Which It Ends.", "V"]


def test_titles_without_numbers(tmp_path: Path) -> None:
    """They are headings where three blank lines precede them and the book has no other headings."""
    text = "The Tales\n\n\n\n\nThe Lamp\n\nIt burned.\n\nAnd Out.\n\n\n\n\nTHE OIL\n\nIt ran.\n"
    assert _read(tmp_path, text).titles == ["The Tales", "The Lamp", "THE OIL"]


@pytest.mark.parametrize(
    "listed", ["  I. THE STORM   1\n  II. THE CALM . . 20", "CHAPTER I\n\nThe Storm\n\nCHAPTER II\n\nThe Calm"]
)
def test_the_contents_of_a_plain_text_are_excluded(tmp_path: Path, listed: str) -> None:
    """Lines below the heading of the contents that are repeated later, whether on a line or in paragraphs."""
    text = f"CONTENTS\n\n{listed}\n\n\nCHAPTER I\n\nThe Storm\n\nIt blew.\n\nCHAPTER II\n\nThe Calm\n\nIt fell.\n"
    found = _read(tmp_path, text)
    assert found.texts == ["CHAPTER I\n\nThe Storm\n\nIt blew.\n", "CHAPTER II\n\nThe Calm\n\nIt fell.\n"]
    assert found.excluded["table-of-contents"][0] == "CONTENTS"


def test_chapters_numbered_anew_in_each_part_are_not_taken_for_contents(tmp_path: Path) -> None:
    """The heading of the first chapter is repeated in the second part, and still begins the text."""
    listed = "CONTENTS\n\nCHAPTER I\n\nCHAPTER II"
    text = f"{listed}\n\nCHAPTER I\n\nIt rained.\n\nCHAPTER II\n\nIt blew.\n\nPART TWO\n\nCHAPTER I\n\nIt fell.\n"
    assert _read(tmp_path, text).titles == ["CHAPTER I", "CHAPTER II", "CHAPTER I"]


def test_words_divided_at_a_line_end_are_joined(tmp_path: Path) -> None:
    """The hyphen is left out where the book has the word without one."""
    text = "The village was well-\nknown to every vil-\nlager, and the villager knew it.\n"
    found = _read(tmp_path, text)
    assert found.texts == ["The village was well-known to every villager, and the villager knew it.\n"]


def test_marks_and_notes_of_a_plain_text(tmp_path: Path) -> None:
    """Notes that begin with their mark, and marks of bold words, are excluded; a scene break is kept."""
    found = _read(tmp_path, "It was *late* and =dark=.[A]\n\n***\n\n[A] A note.\n\n[B] No note.\n")
    assert found.texts == ["It was late and dark.\n\n\n***\n\n\n[B] No note.\n"]
    assert found.excluded["note"] == ["[A] A note."]


def test_the_last_line_and_the_producers_of_project_gutenberg_are_excluded(tmp_path: Path) -> None:
    """They are parts of the license, although they are between its marks."""
    text = (
        "*** START OF THE PROJECT GUTENBERG EBOOK A ***\n\nProduced by Ann\nand Ben\n\nThe Boat\n\nIt sank.\n\n"
        "End of Project Gutenberg’s A\n\n*** END OF THE PROJECT GUTENBERG EBOOK A ***\n"
    )
    assert _read(tmp_path, text).texts == ["The Boat\n\nIt sank.\n"]


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be", "utf-16", "utf-8-sig"])
def test_a_plain_text_in_unicode(tmp_path: Path, encoding: str) -> None:
    """With and without a byte order mark."""
    assert _read(tmp_path, "“No”—she.".encode(encoding)).texts == ["“No”—she.\n"]


def test_a_line_for_each_paragraph(tmp_path: Path) -> None:
    """Where lines are longer than any program wraps them, each is a paragraph, and headings are found among them."""
    text = f"Chapter 1\n{'The wind blew hard. ' * 10}\n“Who is it?”\nChapter 2\n{'The sun shone. ' * 15}\nIt ended.\n"
    found = _read(tmp_path, text)
    assert found.titles == ["Chapter 1", "Chapter 2"]
    assert found.texts[0].endswith("hard.\n\n“Who is it?”\n")


def test_indented_paragraphs(tmp_path: Path) -> None:
    """An indented line begins a paragraph; lines of verse, all of which are indented, do not."""
    prose = "  It was dark, and the wind\nblew.\n  “Who is it?”\n  “No one,” he\nsaid.\n"
    assert _read(tmp_path, f"{prose}\n  April is\n  Of rain and\n  Wind\n").texts == [
        "It was dark, and the wind blew.\n\n“Who is it?”\n\n“No one,” he said.\n\nApril is\nOf rain and\nWind\n"
    ]
