"""Words get back the punctuation that their text has around them."""

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
def test_words_are_written_as_in_their_text(words: str, text: str, expected: list[str]) -> None:
    """Capitals, commas and quotes come from the text, and what it has not keeps the service's form."""
    assert _worded(words, text) == expected


def test_letters_of_a_script_without_spaces() -> None:
    """Where each letter is a word there are no spaces between them, and quotes open before the right one."""
    assert "".join(_worded("你 好 世 界 我 们 明 天", "你好，世界。我们「明天」")) == " 你好，世界。我们「明天」"


def test_a_whole_tale_is_given_back() -> None:
    """All words together read as the text does."""
    text = "".join(word.word for word in worded(timed(TALE), TALE))
    assert text.split() == TALE.split()


def test_the_place_is_found_again() -> None:
    """After a stretch that was heard quite differently, words are found again further on."""
    strange = " ".join(f"x{number}" for number in range(40))
    after = _worded(f"{strange} and then they met", "word " * 40 + "And then, they met.")[-4:]
    assert after == [" And", " then,", " they", " met."]


@given(st.lists(st.text(alphabet="aßİ'é.,“” 你\n", max_size=6), max_size=20), st.text("aßİ'é.,“” 你\n", max_size=60))
def test_any_words_and_any_text(words: list[str], text: str) -> None:
    """Whatever the service says, each word stays one word, at its time."""
    given_words = [Word(word, float(number), number + 0.5) for number, word in enumerate(words)]
    found = worded(given_words, text)
    assert [word[1:] for word in found] == [word[1:] for word in given_words]
