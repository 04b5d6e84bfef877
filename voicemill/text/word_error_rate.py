"""The word error rate of a transcript against its reference."""

import re
import unicodedata

from voicemill.text.normalization import normalized

UNSPACED = r"[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff]"
"""A pattern for a character of a script without spaces between words."""
_TOKEN = re.compile(rf"{UNSPACED}|[^\W_]+(?:['’][^\W_]+)*")


def tokens(text: str) -> list[str]:
    """The words of a text in the form in which they are compared."""
    return [
        found.replace("’", "'") for found in _TOKEN.findall(unicodedata.normalize("NFKC", normalized(text)).casefold())
    ]


def word_error_rate(reference: str, transcript: str) -> float | None:
    """Inserted, missing and substituted words per word of the reference; None if the reference has no words.

    Case and punctuation are ignored; in scripts without spaces each character is a word.
    """
    from rapidfuzz.distance import Levenshtein  # only transcripts need it

    wanted = tokens(reference)
    return Levenshtein.distance(wanted, tokens(transcript)) / len(wanted) if wanted else None
