"""A text as the words that are compared: without case and punctuation, scripts without spaces letter by letter."""

import re
import unicodedata

_TOKEN = re.compile(
    r"[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff]|[^\W_]+(?:['’][^\W_]+)*"
)


def tokens(text: str) -> list[str]:
    """The words of a text, to be compared with those of another."""
    return [found.replace("’", "'") for found in _TOKEN.findall(unicodedata.normalize("NFKC", text).casefold())]
