"""Inline pronunciations in the small engine: espeak-ng speaks the phonemes and does not read the marks."""

from pathlib import Path

import pytest

from tests.engine.requests import client, speech
from voicemill.engine.app import create_app
from voicemill.engine.settings import EngineSettings
from voicemill.engine.synthesis.espeak_phonemes import respelled


async def test_phonemes_are_spoken(tmp_path: Path) -> None:
    """A sentence with phonemes is as long as the one with the word, and another pronunciation sounds different."""
    app = create_app(EngineSettings(engine="small", workers=1, user_voices=tmp_path / "voices.sqlite"))
    async with client(app) as api:
        word = await speech(api, "I like a cappuccino now.")
        same = await speech(api, "I like a <<k|ˌ|æ|p|ə|tʃ|ˈ|iː|n|oʊ>> now.")
        other = await speech(api, "I like a <<ˈ|k|æ|t>> now.")
    await app.state.engine.close()
    assert len(same) == pytest.approx(len(word), rel=0.1)
    assert len(other) < 0.9 * len(word)


@pytest.mark.parametrize(
    ("text", "sent", "has_phonemes"),
    [
        ("A <<ˈ|b|aɪ|u>> here.", "A [['baIu:]] here.", True),
        ("A <<k æ t>>.", "A [['kat]].", True),
        ("A <<ʘ>> b.", "A   b.", True),
        ("a << b [[c]]", "a << b [[c]]", False),
    ],
)
def test_phonemes_are_respelled(text: str, sent: str, has_phonemes: bool) -> None:
    """IPA is written in espeak-ng's notation, and other text is not changed."""
    found = respelled(text)
    assert (found.text, found.has_phonemes) == (sent, has_phonemes)


def test_words_keep_their_places() -> None:
    """A place in the respelled text is that of the same word in the original."""
    text = "A <<ˈ|b|aɪ|u>> here <<k|æ|t>>, too."
    found = respelled(text)
    places = {word: found.original(found.text.index(word)) for word in ("A", "[['baIu", "here", "[['kat", "too")}
    assert places == {
        "A": 0, "[['baIu": text.index("<<"), "here": text.index("here"), "[['kat": text.index("<<k"),
        "too": text.index("too"),
    }  # fmt: skip
