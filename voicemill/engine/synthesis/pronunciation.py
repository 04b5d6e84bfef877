"""From English text to the phonemes that the Hibari model reads, with the place of each word in the text."""

import re
import unicodedata
from collections.abc import Iterator
from typing import Any, Final, NamedTuple

from voicemill.engine.synthesis.inline_pronunciation import pieces, without_pronunciations

MOST_PHONEMES: Final = 400
"""The longest input that the model was trained on."""
PAUSES: Final = frozenset(";:,.!?—…")
Replacements = tuple[tuple[str, str], ...]
_SHORT_VOWELS: Final = (("a", "æ"), ("ɒ", "ɑ"), ("ː", ""))
_CLEAR_VOWELS: Final = (("Q", "O"), ("ɛː", "ɛə"), ("ɜː", "ɜɹ"), ("ɔː", "ɔə"), *_SHORT_VOWELS)
BRITISH_AS_AMERICAN: Final[dict[str, Replacements]] = {
    "1": (("Q", "əʊ"), *_SHORT_VOWELS),
    "2": _CLEAR_VOWELS,
    "3": _CLEAR_VOWELS,
}
"""British phonemes and the nearest of the American ones, which are all that the model knows, by `NATURAL_VERSIONS`.

Without the rest of its diphthong or its `ɹ`, a long vowel is taken for a short one: "girl" for "goal", "war" for "wha".
"""
_ENDLESS_NUMBER = re.compile(r"\d(?:,?\d){36,}")
"""Numbers for whose size the rules have no word; they are read digit by digit."""
_QUOTES: Final = str.maketrans("«»„‟", "“”“”")


class SpokenToken(NamedTuple):
    """A word or a mark: its phonemes, and the offset of its text in the passage, None where that has no such text."""

    phonemes: str
    offset: int | None
    length: int


_SPACE: Final = SpokenToken(" ", None, 0)


class Pronouncer:
    """Hibari's dictionaries and rules for American or British English, with some phonemes replaced; 0.3 s to load."""

    def __init__(self, *, british: bool, replaced: Replacements = ()) -> None:
        from hibari.g2p import G2P

        self._rules: Any = G2P(british=british)
        self._replaced = replaced

    def phrases(self, text: str) -> Iterator[list[SpokenToken]]:
        """The tokens of `text` in phrases of at most 400 phonemes, split after pauses or else between words."""
        phrase: list[SpokenToken] = []
        size = 0
        for token in self._tokens(text):
            if size + len(token.phonemes) > MOST_PHONEMES and phrase:
                cut = _last_pause(phrase)
                yield phrase[:cut]
                phrase = phrase[cut:]
                size = sum(len(kept.phonemes) for kept in phrase)
            phrase.append(token)
            size += len(token.phonemes)
        if phrase:
            yield phrase

    def _tokens(self, text: str) -> Iterator[SpokenToken]:
        for offset, piece, phonemes in pieces(text):
            if not phonemes:
                for token in self._read(piece):
                    yield token if token.offset is None else token._replace(offset=token.offset + offset)
                continue
            if text[:offset][-1:].isspace():
                yield _SPACE
            yield SpokenToken(phonemes, offset, len(piece))
            if text[offset + len(piece) :][:1].isspace():
                yield _SPACE

    def _read(self, text: str) -> Iterator[SpokenToken]:
        """The tokens of ordinary text."""
        from hibari.g2p.normalize import normalize

        plain = _ENDLESS_NUMBER.sub(lambda found: " ".join(found[0].replace(",", "")), text.translate(_QUOTES))
        spoken: Any = self._rules.phonemize_tokens(self._rules.tokenize(normalize(plain)))
        position = 0
        for token in spoken:
            found = text.find(token.text, position)
            # A word that normalization has expanded is not in the text; a match far ahead is a coincidence.
            placed = found >= 0 and found - position <= max(40, len(token.text))
            if placed:
                position = found + len(token.text)
            phonemes = (token.phonemes or "") + (" " if token.whitespace else "")
            yield SpokenToken(self._for_model(phonemes), found if placed else None, len(token.text))

    def _for_model(self, phonemes: str) -> str:
        for old, new in self._replaced:
            phonemes = phonemes.replace(old, new)
        return phonemes


def is_pronounceable(text: str) -> bool:
    """Whether every letter of `text` belongs to the Latin script, which the English rules can read."""
    letters = re.findall(r"[^\W\d_]", without_pronunciations(text))
    return all("LATIN" in unicodedata.name(letter, "") for letter in letters)


def _last_pause(phrase: list[SpokenToken]) -> int:
    """The number of tokens up to the last pause in the second half, or all of them."""
    for index in range(len(phrase), len(phrase) // 2, -1):
        if phrase[index - 1].phonemes.strip() in PAUSES:
            return index
    return len(phrase)
