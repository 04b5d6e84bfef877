"""Text normalization before a request: one spelling per word, whatever typography and file formats changed."""

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
        ("\U0001d407\U0001d422 \U0001d4ea\U0001d7d3", "Hi a5"),
        ("one\u3164two\u2800three", "one two three"),
        ("\ufefb\ufe8e", "لاا"),
    ],
)
def test_invisible_differences_are_removed(written: str, sent: str) -> None:
    """Ligatures become letters, invisible characters are removed, and accents are composed."""
    assert normalized(written) == sent


@pytest.mark.parametrize(
    "text", ["क्\u200dष", "می\u200cخواهم", "👩\u200d🚀", "❤️\u200d🔥", "café — “so”…", "日本語", "x\u00a0y"]
)
def test_significant_joiners_are_kept(text: str) -> None:
    """Joiners that shape letters or combine emoji are kept."""
    assert normalized(text) == text


@given(st.text())
def test_normalization_is_idempotent(text: str) -> None:
    """Normalizing a text twice equals normalizing it once, so a text read back from a table has the same key."""
    once = normalized(text)
    assert normalized(once) == once
    assert unicodedata.is_normalized("NFC", once)


@given(st.text(st.characters(codec="utf-8", categories=["Lu", "Ll", "Nd", "Po", "Zs"], max_codepoint=0x2FF)))
def test_ordinary_text_is_not_changed(text: str) -> None:
    """Ordinary text is sent unchanged, so its keys are those of earlier versions."""
    assert normalized(text) == text


def test_invisible_characters_have_no_width() -> None:
    """Invisible characters do not count for the width of a subtitle line."""
    assert width("in\u00adfor\u200bmation\u200e") == width("information")
