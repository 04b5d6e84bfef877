"""The word error rate equals the standard one."""

import jiwer
import pytest
from hypothesis import given
from hypothesis import strategies as st

from voicemill.text.word_error_rate import word_error_rate

_WORDS = ("the", "mill", "turns", "and", "wind", "is", "up")
_SAYING = st.lists(st.sampled_from(_WORDS), min_size=1, max_size=12).map(" ".join)


@given(_SAYING, _SAYING)
def test_rate_equals_jiwers(reference: str, transcript: str) -> None:
    """For plain words the rate equals that of jiwer."""
    assert word_error_rate(reference, transcript) == pytest.approx(jiwer.wer(reference, transcript))


@pytest.mark.parametrize(
    ("reference", "transcript", "expected"),
    [
        ("Hello, world!", "hello world", 0.0),
        ("Don’t stop.", "don't stop", 0.0),
        ("one two three four", "one three four", 0.25),
        ("one two", "", 1.0),
        ("one", "one two three", 2.0),
        ("你好世界", "你好，世间", 0.25),
        ("Ünïted", "u\u0308ni\u0308ted", 0.0),
        (" … ", "anything", None),
    ],
)
def test_case_and_punctuation_do_not_count(reference: str, transcript: str, expected: float | None) -> None:
    """Words are compared without case and punctuation; in Chinese, characters are compared."""
    assert word_error_rate(reference, transcript) == expected
