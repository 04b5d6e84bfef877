"""Texts with Markdown marks: counted, and read without them where that is asked for."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.manifest.read_manifest import VOICES, read_good, written
from voicemill.config import load_settings
from voicemill.manifest import ManifestCheck
from voicemill.text.markdown import marks_in, without_marks

MARKED = (
    "# Chapter One\n\nThe **old** house was _very_ quiet. See [the map](http://x.org/a_b).\n\n- One lamp\n- Two lamps\n"
)
PLAIN = "Chapter One\n\nThe old house was very quiet. See the map.\n\nOne lamp\n\nTwo lamps\n"


def test_marks_are_sent_as_they_are_and_counted(tmp_path: Path) -> None:
    """One warning for the manifest, at the first row that has some."""
    found = read_good(written(tmp_path, f'id,text\na,Hi\nb,"{MARKED}"\nc,It is *late*.\n'))
    assert found.rows[1].speech.text == MARKED
    assert [str(warning) for warning in found.check.warnings] == [
        "row 2, column text: 2 rows have 7 Markdown marks, sent as they are; --text markdown removes them"
    ]


def test_markdown_is_read_without_its_marks(tmp_path: Path) -> None:
    """Headings and list items are paragraphs, links their words."""
    settings = load_settings(inputs={"text": "markdown"})
    check = ManifestCheck(written(tmp_path, f'id,text\nb,"{MARKED}"\n'), settings, VOICES)
    assert [row.speech.text for row in check] == [PLAIN]
    assert check.warnings == []


@pytest.mark.parametrize(
    "text",
    ["- Who is there?\n- Nobody.", "THE END.", "It cost $1,250.50, i.e. 5% more.", "It stood there.*", "a_b_c", "x[1]"],
)
def test_ordinary_text_has_no_marks(text: str) -> None:
    """Dialogue, prices and footnotes are not Markdown."""
    assert marks_in(text) == 0


@given(st.text(st.sampled_from("ab #*_[]()-`>\n1."), max_size=60))
def test_no_letter_is_lost(text: str) -> None:
    """What a reader sees is spoken; only link targets and marks are not."""
    if "](" not in text and "`" not in text:
        letters = [character for character in text if character in "ab"]
        assert [character for character in without_marks(text) if character in "ab"] == letters


def test_a_text_that_was_converted_wrongly_is_named_in_a_warning(tmp_path: Path) -> None:
    """The warning names the row, and the file where the text is in one; the text is sent as it is."""
    (tmp_path / "a.txt").write_text("Tom &amp; Ann", encoding="utf-8")
    found = read_good(written(tmp_path, "id,transcript,text_file\na,lÃ©ger,\nb,,a.txt\n"))
    assert [(warning.row, warning.column, warning.why[:18]) for warning in found.check.warnings] == [
        (1, "transcript", "the text was conve"),
        (2, "text_file", "'a.txt': the text "),
    ]
    assert [row.speech.text for row in found.rows] == ["lÃ©ger", "Tom &amp; Ann"]
