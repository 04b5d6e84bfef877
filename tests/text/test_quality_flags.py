"""What a recogniser makes up is doubted, and what people say is not."""

import pytest

from tests.text.spoken import TALE, said, spoken
from voicemill.model import Word
from voicemill.text.quality_flags import is_looping, suspicions
from voicemill.text.segments import transcript_of


def test_ordinary_speech_is_not_doubted() -> None:
    """Prose at any human pace passes."""
    assert suspicions(spoken(TALE), "en") == ()
    assert suspicions(spoken(TALE, letters_per_s=24.0, pause_s=0.1), "") == ()


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["thank", "you"] * 4, True),
        (["so"] * 8, True),
        (["so"] * 7, False),
        (["no", "no", "no", "never", "again"], False),
        (["and", "then", "we", "went"] * 4, True),
        (["and", "then", "we", "went"] * 3, False),
        ([str(number) for number in range(100)], False),
        (["before", *(["la", "li", "lu"] * 5), "after"], True),
        (["one"], False),
    ],
)
def test_loops_are_seen(words: list[str], expected: bool) -> None:
    """A phrase four times on end, and eight words in all, is a loop; fewer are human."""
    assert is_looping(words) is expected
    assert ("looping" in suspicions(said(words), "en")) is expected


def test_nothing_heard_is_told() -> None:
    """A transcript without a letter is empty, and nothing else."""
    assert suspicions(transcript_of(" … ", "en", 9.0, []), "en") == ("empty",)


def test_words_faster_than_anybody_speaks() -> None:
    """A dozen words within a second are made up, even where the rest is not."""
    slow = [Word(f"slow{number}", number * 0.5, number * 0.5 + 0.4) for number in range(40)]
    quick = [Word(f"quick{number}", 20 + number * 0.05, 20.05 + number * 0.05) for number in range(14)]
    text = " ".join(word.word for word in [*slow, *quick])
    assert suspicions(transcript_of(text, "en", 30.0, [*slow, *quick]), "en") == ("speech_rate",)
    assert suspicions(transcript_of(text, "en", 30.0, slow), "en") == ()


@pytest.mark.parametrize(("found", "doubt"), [("en", ()), ("EN", ()), ("", ()), ("english", ()), ("de", ("language",))])
def test_another_language_is_told(found: str, doubt: tuple[str, ...]) -> None:
    """Only where both are codes, which can be compared."""
    assert suspicions(spoken(TALE), found) == doubt


def test_a_text_without_times_is_told() -> None:
    """Where the service told no times."""
    assert suspicions(transcript_of("A text.", "en", 3.0, []), "en") == ("untimed",)
