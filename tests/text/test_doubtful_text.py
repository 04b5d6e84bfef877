"""Texts that were converted wrongly, or have markup that would be spoken, are found."""

import pytest

from voicemill.text.doubtful_text import doubts_in


@pytest.mark.parametrize("text", ["l’été", "École", "10 €", "“Naïve”", "Да", "à Paris", "25 °C"])
def test_utf8_that_was_read_as_windows_1252_is_found(text: str) -> None:
    """Excel opens files without a byte order mark so; the text itself is not suspect."""
    misread = text.encode().decode("cp1252", "replace").replace("\ufffd", "")
    assert [*doubts_in(text)] == []
    assert any("converted wrongly" in doubt for doubt in doubts_in(misread))


@pytest.mark.parametrize(
    "text",
    [
        "“AMANHÃ”",
        "IRMÃ…",
        "«HÔ»",
        "MAÑ»",
        "AT&T; R&D",
        "1 < 2 and 3 > 2",
        "I <3 you",
        "a < b > c",
        'A<break time="1s"/>B',
        "<spell>AB</spell>",
        "{Anna|Hello.}",
        r"C:\new\table",
        "None of them.",
        "A --> B",
    ],
)
def test_unusual_texts_are_not_doubtful(text: str) -> None:
    """Capital letters before punctuation, signs of comparison, and the tags of the service."""
    assert [*doubts_in(text)] == []


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("M\ufffdller", "a conversion lost a letter"),
        ("Tom &amp; Ann", "HTML entities"),
        ("It&#39;s late", "HTML entities"),
        ('<prosody rate="slow">Hi</prosody>', "tags that the service does not support"),
        ("<speak>Hi", "tags that the service does not support"),
        ('Hi <break time="1s"', "tags that the service does not support"),
        ('< break time="1s" /> Hi', "tags that the service does not support"),
        (r"One\nTwo", "escapes such as"),
        (r"Stra\u00dfe", "escapes such as"),
        ("One_x000D_", "escapes such as"),
        ("1\n00:00:01,500 --> 00:00:02,000\nHi", "times of subtitles"),
        ("nan", "missing value"),
    ],
)
def test_markup_and_lost_letters_are_found(text: str, says: str) -> None:
    """SSML, HTML, entities, unfinished tags, and the character for letters that were lost."""
    (doubt,) = doubts_in(text)
    assert says in doubt
