"""The markup of speakers in a text."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voicemill.text.speaker_markup import escaped, parts_by_speaker, without_speakers


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("Nobody spoke.", [("", "Nobody spoke.")]),
        ("@Ann: I am here.\nShe smiled.", [("Ann", "I am here.\n"), ("", "She smiled.")]),
        ("{Ben|Where?} said Ben.", [("Ben", "Where?"), ("", " said Ben.")]),
        ("@Ann: One.\n\n@Ann: Two.", [("Ann", "One.\n\nTwo.")]),
        ("@Ann: One.\n\n@Ben: Two.", [("Ann", "One.\n\n"), ("Ben", "Two.")]),
        ("{Dr. Who|Run\nnow!}", [("", "{Dr. Who|Run\nnow!}")]),
        ("write to me @home: soon", [("", "write to me @home: soon")]),
        (r"\@Ann: not markup, \{nor|this\}", [("", "@Ann: not markup, {nor|this}")]),
        ("@Ann:", [("", "@Ann:")]),
    ],
)
def test_texts_are_divided_by_speaker(text: str, parts: list[tuple[str, str]]) -> None:
    """A line or a passage in braces has its speaker; the rest is the narrator's."""
    assert [tuple(part) for part in parts_by_speaker(text)] == parts


@given(st.text(alphabet="aB @{}|:\\\n.", max_size=40))
def test_escaped_text_has_no_markup(text: str) -> None:
    """A text that is escaped is shown as it was, and the narrator speaks all of it."""
    assert without_speakers(escaped(text)) == text
    assert {part.speaker for part in parts_by_speaker(escaped(text))} <= {""}
