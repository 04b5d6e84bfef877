"""Inline pronunciations for espeak-ng: `<<k|æ|t>>` becomes `[[kat]]`, phonemes in espeak-ng's own notation."""

import re
from typing import Final, NamedTuple

from voicemill.engine.synthesis.inline_pronunciation import MARKED, SEPARATORS

_TO_ESPEAK: Final = {
    "eɪ": "eI", "aɪ": "aI", "oʊ": "oU", "əʊ": "oU", "aʊ": "aU", "ɔɪ": "OI", "tʃ": "tS", "dʒ": "dZ", "ʧ": "tS",
    "ʤ": "dZ", "iː": "i:", "i": "i:", "uː": "u:", "u": "u:", "ɑː": "A:", "ɑ": "A:", "ɔː": "O:", "ɔ": "O:", "ɜːɹ": "3:",
    "ɜː": "3:", "ɜɹ": "3:", "ɝ": "3:", "ɚ": "3", "ɜ": "3:", "ɪ": "I", "ɛ": "E", "e": "E", "æ": "a", "a": "a", "ʌ": "V",
    "ʊ": "U", "ə": "@", "ɒ": "0", "o": "oU", "ᵻ": "I", "ŋ": "N", "ʃ": "S", "ʒ": "Z", "θ": "T", "ð": "D", "ɹ": "r",
    "ɡ": "g", "ɾ": "t", "ɫ": "l", "ø": "Y", "œ": "W", "ʁ": "r", "ç": "C", "ɲ": "n^",
    "ˈ": "'", "'": "'", "ˌ": ",", "ː": "",
}  # fmt: skip
"""Longer sequences first."""
_SEQUENCE: Final = re.compile("|".join(sorted(map(re.escape, _TO_ESPEAK), key=len, reverse=True)))
_SAME: Final = frozenset("bdfhjklmnprstvwxyzg")
_MAIN_STRESS: Final = "'"
_STRESS: Final = frozenset({_MAIN_STRESS, ","})


class Respelled(NamedTuple):
    """A text for espeak-ng, and where its parts are in the original: (start there, start here), in order."""

    text: str
    starts: tuple[tuple[int, int], ...]

    @property
    def has_phonemes(self) -> bool:
        """Whether the text has inline phonemes."""
        return len(self.starts) > 1

    def original(self, position: int) -> int:
        """The place in the original text of a place in this one."""
        here, there = next(start for start in reversed(self.starts) if start[0] <= position)
        return there + position - here


def respelled(text: str) -> Respelled:
    """`text` with its inline pronunciations in espeak-ng's notation, without symbols that it has no phoneme for."""
    parts: list[str] = []
    starts = [(0, 0)]
    position = length = 0
    for found in MARKED.finditer(text):
        phonemes = _in_espeak(found[1])
        before = text[position : found.start()]
        length += len(before)
        starts.append((length, found.start()))
        length += len(phonemes)
        starts.append((length, found.end()))
        parts += [before, phonemes]
        position = found.end()
    return Respelled("".join([*parts, text[position:]]), tuple(starts))


def _in_espeak(ipa: str) -> str:
    joined = SEPARATORS.sub("", ipa)
    pieces = [_TO_ESPEAK.get(piece, piece if piece in _SAME else "") for piece in _pieces(joined)]
    if not any(pieces):
        return " "
    # Without a stress, espeak-ng swallows the vowel.
    return f"[[{''.join(pieces if _STRESS.intersection(pieces) else [_MAIN_STRESS, *pieces])}]]"


def _pieces(ipa: str) -> list[str]:
    found: list[str] = []
    position = 0
    while position < len(ipa):
        known = _SEQUENCE.match(ipa, position)
        found.append(known[0] if known else ipa[position])
        position += len(found[-1])
    return found
