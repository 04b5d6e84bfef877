"""Splitting text: no character is lost, no part is too long, and splits are at natural pauses."""

import re
import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from voicemill.planning.split_text import Boundary, Piece, can_be_spoken, split

BOOK = Path(__file__).parents[3] / "shared" / "books" / "alice.txt"
LANGUAGES = ["en", "fr", "de", "es", "pt", "zh", "ja", "hi", "it", "ko", "nl", "pl", "ru", "sv", "tr", "th", "xx", ""]
CLAUSE, SENTENCE, PARAGRAPH, SECTION = Boundary

FRAGMENTS = [
    "word", "Dr. ", "Mr. Smith ", "e.g. ", "3.14 ", "The end. ", "Why? ", "‘Oh!’ said she. ", ", ", "; ", " -- ", "…",
    "\n", "\n\n", "\r\n\r\n", "\n  \n\t\n", "  ", "\t", "\u00a0", "\u2028", "\u2029", "* * *", "***", "CHAPTER IV.",
    "日本語です。", "你好，世界", "ภาษาไทย", "यह है। ", "مرحبا؟ ", "שלום ", "e\u0301", "\u0301", "👩‍👩‍👧", "🏳️‍🌈",
    "\u200d", "x" * 130, "ab" * 700, "中" * 260, "1. ", "VII. ", "\"", "»", "„So!“ ", "\x85", "\x0c", "\u0644\u0627",
]  # fmt: skip
TEXTS = st.one_of(st.lists(st.sampled_from(FRAGMENTS), max_size=60).map("".join), st.text(max_size=400))


def spoken(pieces: list[Piece]) -> list[str]:
    """The text that is sent for each part, if any."""
    return [piece.spoken for piece in pieces if piece.spoken]


def speakable(text: str) -> str:
    """The letters and digits of a text."""
    return "".join(character for character in text if character.isalnum())


@settings(max_examples=300, deadline=None)
@given(TEXTS, st.sampled_from(LANGUAGES), st.integers(50, 2000))
def test_no_text_is_lost(text: str, language: str, limit: int) -> None:
    """For any text, language and limit, the parts joined are the text, none is too long, and all words are sent."""
    pieces = split(text, language, limit)
    assert "".join(piece.text for piece in pieces) == text
    for piece in pieces:
        assert len(piece.text.strip()) <= limit
        assert len(piece.spoken) <= limit
        assert speakable(piece.spoken) == speakable(piece.text)
        assert piece.spoken == piece.spoken.strip()
        assert bool(piece.spoken) == can_be_spoken(piece.text)


@settings(max_examples=50, deadline=None)
@given(TEXTS, st.integers(50, 500))
def test_splitting_is_the_same_every_time(text: str, limit: int) -> None:
    """The same text always has the same parts; otherwise a rerun would be billed again."""
    assert split(text, "en", limit) == split(text, "en", limit)


def test_empty_text_has_no_parts() -> None:
    """An empty transcript has no parts."""
    assert split("", "en", 50) == []


def test_short_transcript_is_one_part() -> None:
    """A transcript that fits in a call is one part, trimmed, with single spaces."""
    assert split("  Hello,\tworld.  How are  you? ", "en", 500) == [
        Piece("  Hello,\tworld.  How are  you? ", "Hello, world. How are you?", SENTENCE)
    ]


@pytest.mark.parametrize(
    ("language", "sentences"),
    [
        ("en", ["Dr. Smith met Mr. Jones at 5 p.m. on Baker St. near the U.S. Embassy.", "He paid $3.14 for it."]),
        ("en", ["See fig. 3 on p. 7, vol. II. of the works of J. R. R. Tolkien, Inc., e.g. this.", "No. 5 is alive."]),
        ("en", ["Prof. Dr. Who waited for approx. 3 days and nights...", "Really?", "No… really!"]),
        ("en", ["‘Oh dear! I shall be late!’ she thought (when it was over) and ran.", "‘Stop!’ he cried."]),
        ("en", ["“Why?” asked Mrs. Brown, and “Why not?” said he, and went.", "“Because.”"]),
        ("de", ["Er kam z. B. am 3. Mai um ca. 5 Uhr mit Dr. Müller, vgl. S. 7 der 2. Auflage.", "„Nein!“ rief er."]),
        ("fr", ["M. Dupont et Mme. Curie sont là, avec Mlle. Dubois et le Dr. Blanc.", "«Bonjour!» dit-il."]),
        (
            "ja",
            [
                "吾輩は猫である。",
                "名前はまだ無い。",
                "「どこで生れたか」とんと見当がつかぬ！",
                "何でも薄暗い所で泣いて居た。",
            ],
        ),
        ("zh", ["我是一只猫，还没有名字。", "你呢？", "“好吧。”", "他说，只记得在阴暗的地方哭！"]),
        ("hi", ["यह एक लम्बा वाक्य है जो कहीं नहीं रुकता।", "यह दूसरा है।", "क्या?"]),
        ("ru", ["Это т. е. длинный пример, который никогда не кончится.", "Он пришёл в 5 ч. утра."]),
    ],
)
def test_splits_are_at_sentence_ends(language: str, sentences: list[str]) -> None:
    """Abbreviations, initials, numbers, ellipses and quotes do not end a sentence; full stops of every script do."""
    glue = "" if language in ("ja", "zh") else " "
    text = "".join(sentence + glue for sentence in sentences * 5)
    ends = {len("".join(sentence + glue for sentence in (sentences * 5)[:count])) for count in range(99)}
    pieces = split(text, language, max(50, *map(len, sentences)))
    cuts = [sum(len(piece.text) for piece in pieces[:count]) for count in range(1, len(pieces))]
    assert len(cuts) > 1
    assert [text[:cut][-20:] for cut in cuts if cut not in ends] == []
    assert {piece.ends_at for piece in pieces[:-1]} == {SENTENCE}


def test_paragraphs_are_never_joined() -> None:
    """Each paragraph, however short, is a separate call with a longer pause after it."""
    pieces = split("One.\n\nTwo.\r\n\r\nThree.\n \t\nFour.", "en", 500)
    assert spoken(pieces) == ["One.", "Two.", "Three.", "Four."]
    assert [piece.ends_at for piece in pieces] == [PARAGRAPH] * 4


def test_sentences_share_a_call_as_far_as_they_fit() -> None:
    """A long paragraph takes as few calls as its sentences allow, with a sentence pause between them."""
    sentence = "The wind turns the mill and the mill grinds the corn. "
    pieces = split(sentence * 20, "en", 220)
    assert {piece.spoken for piece in pieces} == {(sentence * 4).strip()}
    assert [piece.ends_at for piece in pieces] == [SENTENCE] * 4 + [PARAGRAPH]


@pytest.mark.parametrize(
    "heading",
    ["Alice's Adventures in Wonderland", "CHAPTER I. Down the Rabbit-Hole", "CHAPTER I\nDown the Rabbit-Hole", "IV.",
     "CHAPTER XI. Who Stole the Tarts?", "Chapter 12.", "Kapitel 3", "THE END.", "第一章", "7"],
)  # fmt: skip
def test_headings_are_followed_by_the_longest_pause(heading: str) -> None:
    """A short line without a full stop, a number, or a label in capitals is a heading."""
    pieces = split(f"{heading}\n\nIt was a dark night.\n\nThe rain fell.", "en", 500)
    assert [piece.ends_at for piece in pieces] == [SECTION, PARAGRAPH, PARAGRAPH]


@pytest.mark.parametrize(
    "body", ["Yes.", "‘Who are you?’", "No!", "She said:", "What is the use of a book, thought Alice?", "x" * 90]
)
def test_short_paragraphs_are_not_headings(body: str) -> None:
    """A line that ends like a sentence is not a heading."""
    assert split(f"{body}\n\nAnd so on.", "en", 500)[0].ends_at is PARAGRAPH


def test_two_empty_lines_end_a_section() -> None:
    """Two empty lines give a longer pause than one."""
    pieces = split("The end came.\n\n\nYears later, it rained.\n\nStill.", "en", 500)
    assert [piece.ends_at for piece in pieces] == [SECTION, PARAGRAPH, PARAGRAPH]


@pytest.mark.parametrize("row", ["* * *", "*      *      *", "***", "---", "•", "~ ~ ~", "\u2767", "*" * 3000])
def test_rows_of_asterisks_are_a_pause(row: str) -> None:
    """A row of asterisks is not sent and gives the pause of a section end."""
    pieces = split(f"It was over.\n\n{row}\n\nIt began again.", "en", 500)
    assert spoken(pieces) == ["It was over.", "It began again."]
    assert SECTION in [piece.ends_at for piece in pieces[1:-1]] or len(row) > 500


def test_punctuation_does_not_make_a_part_too_long() -> None:
    """A sentence followed by a thousand dots is sent without the dots that do not fit."""
    pieces = split("It went on and on" + "." * 1000 + " Then it stopped.", "en", 100)
    assert max(len(piece.spoken) for piece in pieces) <= 100
    assert speakable("".join(spoken(pieces))) == "ItwentonandonThenitstopped"


def test_long_sentence_is_split_at_clauses() -> None:
    """A sentence of five thousand characters is split at commas, without pauses."""
    sentence = ", ".join(f"and clause number {number} goes on and on" for number in range(135)) + "."
    assert len(sentence) > 5000
    pieces = split(sentence, "en", 500)
    assert all(piece.spoken.endswith(",") for piece in pieces[:-1])
    assert {piece.ends_at for piece in pieces[:-1]} == {CLAUSE}
    assert len(pieces) <= 12


def test_sentence_without_clauses_is_split_between_words() -> None:
    """A sentence without commas is split between words."""
    words = [f"word{number}" for number in range(700)]
    assert " ".join(spoken(split(" ".join(words), "en", 300))).split(" ") == words


def test_closing_bracket_does_not_end_a_sentence() -> None:
    """A split after a bracket within a sentence gives no pause."""
    text = "She thought it over (as well as she could) " * 5
    assert {piece.ends_at for piece in split(text, "en", 50)[:-1]} == {CLAUSE}


@pytest.mark.parametrize("text", ["中" * 1800, "ภาษาไทยไม่มีช่องว่าง" * 90, "x" * 1800])
def test_scripts_without_spaces_are_split_at_the_limit(text: str) -> None:
    """Without any better place, a text is split exactly at the limit."""
    pieces = split(text, "zh", 200)
    assert "".join(spoken(pieces)) == text
    assert min(len(piece.spoken) for piece in pieces[:-1]) > 190


@pytest.mark.parametrize("unit", ["e\u0301", "नि", "👩\u200d👩\u200d👧", "🏳\ufe0f\u200d🌈x", "กี่", "a\u0301\u0323"])
def test_grapheme_clusters_are_not_split(unit: str) -> None:
    """Letters stay with their combining marks, and joined emoji stay together."""
    for piece in split(unit * 400, "hi", 101):
        assert piece.text == unit * (len(piece.text) // len(unit))


def test_endless_combining_marks_are_split() -> None:
    """A letter with thousands of accents takes few parts, not thousands."""
    assert len(split("Z" + "\u0301" * 5000, "en", 100)) <= 60


POEM = """How doth the little crocodile
  Improve his shining tail,
And pour the waters of the Nile
  On every golden scale!"""


def test_verse_has_a_pause_at_line_ends() -> None:
    """A line without final punctuation gets a comma; other lines keep their punctuation."""
    first, second = (
        "How doth the little crocodile, Improve his shining tail,",
        "And pour the waters of the Nile, On every",
    )
    assert spoken(split(POEM, "en", 500)) == [f"{first} {second} golden scale!"]


def test_lists_and_addresses_have_a_pause_at_line_ends() -> None:
    """Lines of lists and addresses are separated by a pause, also after brackets and quotes."""
    assert spoken(split("Flour (white)\n“Eggs”\nButter;\nSugar\n", "en", 500)) == [
        "Flour (white), “Eggs”, Butter; Sugar"
    ]
    assert spoken(split("CHAPTER I\nDown the Rabbit-Hole\n\nAlice.", "en", 50))[0] == "CHAPTER I, Down the Rabbit-Hole"


def test_added_commas_do_not_make_a_part_too_long() -> None:
    """Verse that fills its part exactly gets no commas."""
    verse = "Tom went up\nDick went up\nHarry went up\nJane is out"
    assert len(verse) == 50
    assert spoken(split(verse, "en", 50)) == [verse.replace("\n", " ")]
    assert spoken(split(verse, "en", 53)) == [verse.replace("\n", ", ")]


def test_wrapped_prose_has_no_pause_at_line_ends() -> None:
    """The end of a full line is a space, also before a capital letter."""
    prose = (
        "In another moment down went Alice after it, never once considering\n"
        "Bill or the White Rabbit who had gone before her in his waistcoat,\n"
        "Nor how in the world she was to get out of the rabbit-hole again\n"
    )
    assert spoken(split(prose, "en", 500)) == [prose.replace("\n", " ").strip()]


@pytest.mark.parametrize(
    "text", ["I told you to meet\nMr. Smith at noon.", "one\ntwo\nthree\nfour", "Half a line\nand on"]
)
def test_other_line_ends_are_spaces(text: str) -> None:
    """Two-line captions and lines that begin in lower case have no pause at the line end."""
    assert spoken(split(text, "en", 500)) == [text.replace("\n", " ")]


def test_long_poem_is_split_at_line_ends() -> None:
    """Verse without full stops is split between lines, with a pause."""
    lines = [f"And {name} went over the hill and the vale" for name in ("Tom", "Dick", "Harry", "Jane")] * 10
    pieces = split("\n".join(lines), "en", 200)
    assert all(line in "\n".join(piece.text for piece in pieces) for line in lines)
    assert all(piece.spoken.startswith("And ") and piece.spoken.endswith("vale") for piece in pieces)
    assert {piece.ends_at for piece in pieces[:-1]} == {SENTENCE}


def test_long_texts_are_split_quickly() -> None:
    """A fifth of the longest transcript that a manifest accepts is split in seconds, whatever its content."""
    started_s = time.process_time()
    for text in ("The quick brown fox. ", "x", "中", "word ", "a\n", "\n", " ", ".", ", ", "\u0301", "* "):
        assert sum(len(piece.text) for piece in split(text * (400_000 // len(text)), "en", 500)) > 380_000
    assert time.process_time() - started_s < 24


@pytest.mark.skipif(not BOOK.exists(), reason="the shared book is not here")
@pytest.mark.parametrize("limit", [50, 200, 500, 2000])
def test_whole_book(limit: int) -> None:
    """A novel of 150,000 characters is split without loss into calls of good size, and all chapters are found."""
    text = BOOK.read_text(encoding="utf-8")
    pieces = split(text, "en", limit)
    assert "".join(piece.text for piece in pieces) == text
    assert max(len(piece.spoken) for piece in pieces) <= limit
    chapters = [piece for piece in pieces if re.match(r"CHAPTER [IVX]+\. ", piece.spoken)]
    assert len(chapters) == 12
    assert {piece.ends_at for piece in chapters} == {SECTION}
    if limit >= 500:
        inner = [piece for piece in pieces if piece.ends_at in (CLAUSE, SENTENCE)]
        assert sum(piece.ends_at is CLAUSE for piece in inner) <= len(inner) / 5
