"""Text as it is sent: the same word has one spelling, whatever typography and file formats made of it."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voicemill.text.line_breaks import width
from voicemill.text.normalization import normalized


@pytest.mark.parametrize(
    ("written", "sent"),
    [
        ("o\ufb03ce and \ufb01ne \ufb05art", "office and fine start"),
        ("in\u00adfor\u00adma\u00adtion", "information"),
        ("in\u200bformation \ufeffoffice of\u200dfice ser\u2060vice", "information office office service"),
        ("\u200eoffers\u200f \u202aan\u202c efficient", "offers an efficient"),
        ("cafe\u0301 bru\u0308cke", "café brücke"),
        ("one\x0ctwo\x0bthree\x85four", "one two\nthree\nfour"),
        ("\ufefb\ufe8e", "لاا"),
    ],
)
def test_what_is_not_seen_is_not_sent(written: str, sent: str) -> None:
    """Ligatures are letters, invisible characters are nothing, and accents are composed."""
    assert normalized(written) == sent


@pytest.mark.parametrize(
    "text", ["क्\u200dष", "می\u200cخواهم", "👩\u200d🚀", "❤️\u200d🔥", "café — “so”…", "日本語", "x\u00a0y"]
)
def test_what_matters_stays(text: str) -> None:
    """Joiners shape the letters of some scripts and make one emoji of two."""
    assert normalized(text) == text


@given(st.text())
def test_normalizing_twice_changes_nothing_more(text: str) -> None:
    """So a text that was sent has the same key when it is read back from a table."""
    once = normalized(text)
    assert normalized(once) == once
    assert unicodedata.is_normalized("NFC", once)


@given(st.text(st.characters(codec="utf-8", categories=["Lu", "Ll", "Nd", "Po", "Zs"], max_codepoint=0x2FF)))
def test_ordinary_text_is_sent_as_it_is(text: str) -> None:
    """Its keys are those of earlier versions."""
    assert normalized(text) == text


def test_invisible_characters_have_no_width() -> None:
    """A subtitle's line is as wide as what is seen."""
    assert width("in\u00adfor\u200bmation\u200e") == width("information")
