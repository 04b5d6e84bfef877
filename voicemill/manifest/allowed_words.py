"""Words that checks do not compare: those of a file, and those that a row lists."""

from collections.abc import Iterable
from typing import Final

from voicemill.text.word_error_rate import tokens

_COMMENT: Final = "#"


def words_of_file(content: str) -> frozenset[str]:
    """The words of a list with a word or phrase per line; lines that start with `#` are comments."""
    lines = (line.strip() for line in content.splitlines())
    return _words(line for line in lines if not line.startswith(_COMMENT))


def allowed_in(text: str, cell: str, listed: frozenset[str]) -> tuple[str, ...]:
    """The words of the cell and of the file that occur in a row's text, sorted; all if the text is not known."""
    allowed = listed | _words([cell])
    if not text or not allowed:
        return tuple(sorted(allowed))
    return tuple(sorted(word for word in set(tokens(text)) if word in allowed or word.removesuffix("'s") in allowed))


def _words(phrases: Iterable[str]) -> frozenset[str]:
    return frozenset(word for phrase in phrases for word in tokens(phrase))
