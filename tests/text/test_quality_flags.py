"""Quality flags: hallucinated transcripts are flagged and ordinary speech is not."""

import pytest

from tests.text.spoken import TALE, said, spoken
from voicemill.model import Word
from voicemill.text.quality_flags import is_looping, quality_flags
from voicemill.text.segments import transcript_of


def test_ordinary_speech_is_not_flagged() -> None:
    """Prose at any human pace has no flag."""
    assert quality_flags(spoken(TALE), "en") == ()
    assert quality_flags(spoken(TALE, letters_per_s=24.0, pause_s=0.1), "") == ()


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
def test_loops_are_flagged(words: list[str], expected: bool) -> None:
    """A phrase repeated four times with at least eight words is a loop; fewer repetitions are ordinary speech."""
    assert is_looping(words) is expected
    assert ("looping" in quality_flags(said(words), "en")) is expected


def test_empty_transcript_is_flagged() -> None:
    """A transcript without letters is flagged only as empty."""
    assert quality_flags(transcript_of(" … ", "en", 9.0, []), "en") == ("empty",)


def test_impossible_pace_is_flagged() -> None:
    """A dozen words within a second are flagged, even if the rest is normal."""
    slow = [Word(f"slow{number}", number * 0.5, number * 0.5 + 0.4) for number in range(40)]
    quick = [Word(f"quick{number}", 20 + number * 0.05, 20.05 + number * 0.05) for number in range(14)]
    text = " ".join(word.word for word in [*slow, *quick])
    assert quality_flags(transcript_of(text, "en", 30.0, [*slow, *quick]), "en") == ("speech_rate",)
    assert quality_flags(transcript_of(text, "en", 30.0, slow), "en") == ()


@pytest.mark.parametrize(("found", "flags"), [("en", ()), ("EN", ()), ("", ()), ("english", ()), ("de", ("language",))])
def test_other_language_is_flagged(found: str, flags: tuple[str, ...]) -> None:
    """The language is compared only if both values are codes."""
    assert quality_flags(spoken(TALE), found) == flags


def test_text_without_times_is_flagged() -> None:
    """A text for which the service returned no times is flagged."""
    assert quality_flags(transcript_of("A text.", "en", 3.0, []), "en") == ("untimed",)
