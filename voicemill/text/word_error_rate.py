"""Word error rate: how far a transcript is from its reference."""

import re
import unicodedata

from rapidfuzz.distance import Levenshtein

from voicemill.text.normalization import normalized

_TOKEN = re.compile(
    r"[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff]|[^\W_]+(?:['’][^\W_]+)*"
)


def tokens(text: str) -> list[str]:
    """The words of a text, to be compared with those of another."""
    return [
        found.replace("’", "'") for found in _TOKEN.findall(unicodedata.normalize("NFKC", normalized(text)).casefold())
    ]


def word_error_rate(reference: str, heard: str) -> float | None:
    """Words put in, left out or changed, for each word of the reference; None where that has no words.

    Case and punctuation do not count; in scripts without spaces each letter is a word.
    """
    wanted = tokens(reference)
    return Levenshtein.distance(wanted, tokens(heard)) / len(wanted) if wanted else None
