"""Recognized words get the punctuation of their text."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.text.spoken import TALE, timed
from voicemill.model import Word
from voicemill.text.display_words import worded


def _worded(words: str, text: str) -> list[str]:
    return [word.word for word in worded([Word(word, 0.0, 0.0) for word in words.split()], text)]


@pytest.mark.parametrize(
    ("words", "text", "expected"),
    [
        ("hello world", "Hello, world!", [" Hello,", " world!"]),
        ("he said go", "He said: “Go!”", [" He", " said:", " “Go!”"]),
        ("a man saw", "A man saw", [" A", " man", " saw"]),
        ("one two", "one — two", [" one —", " two"]),
        ("in nineteen eighty he", "In 1980, he", [" In", " nineteen", " eighty", " he"]),
        ("the end", "and then the end.", [" the", " end."]),
        ("don't stop", "Don't stop (now)", [" Don't", " stop"]),
        ("one two", "One.\n\nTwo.", [" One.", "\nTwo."]),
        ("hello", "", [" hello"]),
    ],
)
def test_words_are_displayed_as_in_their_text(words: str, text: str, expected: list[str]) -> None:
    """Capitals, commas and quotes come from the text; words missing from it keep the service's form."""
    assert _worded(words, text) == expected


def test_script_without_spaces() -> None:
    """If each letter is a word there are no spaces between them, and quotes open before the right letter."""
    assert "".join(_worded("你 好 世 界 我 们 明 天", "你好，世界。我们「明天」")) == " 你好，世界。我们「明天」"


def test_displayed_words_join_to_the_text() -> None:
    """All displayed words joined are the text."""
    text = "".join(word.word for word in worded(timed(TALE), TALE))
    assert text.split() == TALE.split()


def test_alignment_recovers_after_a_mismatch() -> None:
    """After a passage that was recognized differently, later words are aligned again."""
    strange = " ".join(f"x{number}" for number in range(40))
    after = _worded(f"{strange} and then they met", "word " * 40 + "And then, they met.")[-4:]
    assert after == [" And", " then,", " they", " met."]


@given(st.lists(st.text(alphabet="aßİ'é.,“” 你\n", max_size=6), max_size=20), st.text("aßİ'é.,“” 你\n", max_size=60))
def test_any_words_and_any_text(words: list[str], text: str) -> None:
    """For any words and text, each word remains one word with its time."""
    given_words = [Word(word, float(number), number + 0.5) for number, word in enumerate(words)]
    found = worded(given_words, text)
    assert [word[1:] for word in found] == [word[1:] for word in given_words]
