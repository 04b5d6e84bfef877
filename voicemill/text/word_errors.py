"""How far a transcript is from its reference."""

from rapidfuzz.distance import Levenshtein

from voicemill.text.tokens import tokens


def word_error_rate(reference: str, heard: str) -> float | None:
    """Words put in, left out or changed, for each word of the reference; None where that has no words.

    Case and punctuation do not count; in scripts without spaces each letter is a word.
    """
    wanted = tokens(reference)
    return Levenshtein.distance(wanted, tokens(heard)) / len(wanted) if wanted else None
