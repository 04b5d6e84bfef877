"""The grammar of a passage, the words that it is made of, and the path of recognized words through it."""

import pytest

from voicemill.quality.grammar import read
from voicemill.quality.units import units_of

_UNITS = [["one", "two"], ["three"], ["one", "two"]]


@pytest.mark.parametrize(
    ("words", "times"),
    [
        ("one two three one two", ((0,), (2,), (3,))),
        ("one two one two", ((0,), (), (2,))),
        ("one two three three one two", ((0,), (2, 3), (4,))),
        ("three one two", ((), (0,), (1,))),
        ("", ((), (), ())),
        ("one two three one", None),
    ],
)
def test_a_path_says_how_often_each_unit_is_said(words: str, times: object) -> None:
    """Missing units, repeated units and units that are said once are distinguished; an unfinished path is None."""
    assert read(words.split(), _UNITS) == times


@pytest.mark.parametrize(
    ("text", "units"),
    [
        (
            "The dog barks loudly. The cat sleeps all day.",
            [["the", "dog", "barks", "loudly"], "the cat sleeps all day"],
        ),
        ("Oh! The cat sleeps.", ["oh the cat sleeps"]),
        ("The cat sleeps all day. Really.", ["the cat sleeps all day really"]),
        ("A well-known man’s $5, or 10.5%", ["a well known man's $5 or 10.5%"]),
        ('Wait <break time="1s"/> for me here.', ["wait for me here"]),
        ("…", []),
    ],
)
def test_units_are_sentences_of_four_words_or_more(text: str, units: list[str | list[str]]) -> None:
    """Shorter sentences join a neighbor; punctuation and tags are not words."""
    assert units_of(text) == [unit.split() if isinstance(unit, str) else unit for unit in units]


def test_a_long_sentence_is_divided() -> None:
    """A sentence of a hundred words becomes parts of about equal length."""
    assert [len(unit) for unit in units_of("word " * 100)] == [34, 34, 32]
