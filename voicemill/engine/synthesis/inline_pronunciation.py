"""Pronunciations inside a transcript: `<<k|ə|ˈ|p|u|t>>`, phonemes in IPA with bars or spaces between them."""

import re
from collections.abc import Iterator
from typing import Final

from voicemill.engine.refusals import bad_request

MARKED: Final = re.compile(r"<<([^<>]*)>>")
"""An inline pronunciation."""
SEPARATORS: Final = re.compile(r"[|\s\u0361\u035c]+")
"""What may be between two phonemes, ties included."""
_TO_MODEL: Final = {
    "eɪ": "A",
    "aɪ": "I",
    "oʊ": "O",
    "əʊ": "O",
    "aʊ": "W",
    "ɔɪ": "Y",
    "tʃ": "ʧ",
    "dʒ": "ʤ",
    "ɝ": "ɜɹ",
    "ɚ": "əɹ",
    "ɾ": "T",
    "g": "ɡ",
    "r": "ɹ",
    "ɫ": "l",
    "ɒ": "ɑ",
    "a": "æ",
    "e": "ɛ",
    "o": "O",
    "'": "ˈ",
    "ː": "",
}
"""What the model, which knows American English only, has for these; longer sequences first."""
_SEQUENCE: Final = re.compile("|".join(map(re.escape, _TO_MODEL)))
_STRESS: Final = re.compile(r"([ˈˌ])([^AIOWYæɑɔəɛɜɪʊʌiuᵊᵻ]*)")
_KNOWN: Final = frozenset("AIOWYTæɑɔəɛɜɪʊʌiuᵊᵻbdfhjklmnpstvwzðŋɡɹʃʒʤʧθˈˌ")


def pieces(text: str) -> Iterator[tuple[int, str, str]]:
    """The text in order: offset, characters, and the phonemes of the model where it states a pronunciation, else empty.

    Raises `Refusal` (400) that names a symbol which is not an English phoneme.
    """
    position = 0
    for found in MARKED.finditer(text):
        yield position, text[position : found.start()], ""
        phonemes = _phonemes(found[1])
        if phonemes:
            yield found.start(), found[0], phonemes
        position = found.end()
    yield position, text[position:], ""


def without_pronunciations(text: str) -> str:
    """The text without its inline pronunciations."""
    return MARKED.sub(" ", text) if "<<" in text else text


def _phonemes(ipa: str) -> str:
    joined = SEPARATORS.sub("", ipa)
    phonemes = _SEQUENCE.sub(lambda found: _TO_MODEL[found[0]], joined)
    for symbol in phonemes:
        if symbol not in _KNOWN:
            raise bad_request(f"<<{ipa}>> has {symbol!r}, which is not an English phoneme in IPA.")
    # IPA marks the stressed syllable, the model the vowel in it.
    return _STRESS.sub(r"\2\1", phonemes)
