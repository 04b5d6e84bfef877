"""Signs that a text is not as its author wrote it: letters that a conversion lost, and markup that would be spoken."""

import re
from collections.abc import Callable, Iterator
from typing import Final

from voicemill.model.service_tags import without_tags

_LOST: Final = "\ufffd"
_READ_AS_CP1252: Final = re.compile(
    "(?<![A-Z\u00c0-\u00de])[\u00c2\u00c3\u00d0\u00d1]"
    "[\u0080-\u00bf\u0152\u0153\u0160\u0161\u0178\u017d\u017e\u0192\u02c6\u02dc\u2013-\u203a\u20ac\u2122]"
    "|\u00e2[\u20ac\u201a\u201e\u2020\u02c6\u2030]."
)
"""What Windows-1252 shows for the bytes of a character in UTF-8, such as `Ã©` and `â€™`.

After a capital letter, such characters may be the end of a word in capitals and its punctuation.
"""
_ENTITY: Final = re.compile(r"&(?:[a-z]{2,8}|#\d{2,6}|#x[0-9a-f]{2,6});", re.IGNORECASE)
_TAG: Final = re.compile(
    r"</?[a-z][\w:-]*(?:\s[^<>]*)?/?>|<\s*/?\s*(?:break|emotion|speed|volume|spell)\b", re.IGNORECASE
)
_ESCAPE: Final = re.compile(r"\\[nrt](?![a-z])|\\u[0-9a-fA-F]{4}|\\\"|_x[0-9A-F]{4}_")
"""Characters as JSON, SQL and Excel write them."""
_SUBTITLE_TIME: Final = re.compile(r"\d\d:\d\d[,.]\d{3}\s*-->")
_MISSING: Final = frozenset({"nan", "NaN", "None", "null", "NULL", "NA", "N/A", "<NA>", "undefined"})
_LONGEST_MISSING: Final = 12
_LEADS: Final = "\ufffd\u00c2\u00c3\u00d0\u00d1\u00e2"
"""U+FFFD, and the first letters of what Windows-1252 shows for characters in UTF-8."""


def doubts_in(text: str) -> Iterator[str]:
    """What may be wrong with a text to speak, and the remedy."""
    if not _is_plain(text):
        yield from (doubt for is_doubtful, doubt in _DOUBTS if is_doubtful(text))


def _is_plain(text: str) -> bool:
    """Whether a text has nothing that needs a closer look; most texts have nothing, and manifests have many texts."""
    if len(text) <= _LONGEST_MISSING or "<" in text or "&" in text or "\\" in text or "_x" in text or "-->" in text:
        return False
    return text.isascii() or not any(letter in text for letter in _LEADS)


def _is_converted_wrongly(text: str) -> bool:
    return not text.isascii() and any(_is_misread(found[0]) for found in _READ_AS_CP1252.finditer(text))


def _is_misread(letters: str) -> bool:
    """Whether letters are those as which Windows-1252 shows a character in UTF-8."""
    try:
        return len(letters.encode("cp1252", "strict").decode()) < len(letters)
    except UnicodeError:
        return False


_DOUBTS: Final[tuple[tuple[Callable[[str], object], str], ...]] = (
    (
        lambda text: _LOST in text,
        "the text has the character U+FFFD, for which a conversion lost a letter; export it again as UTF-8",
    ),
    (
        _is_converted_wrongly,
        "the text was converted wrongly: it has characters such as 'Ã©' for 'é'; export it again as UTF-8",
    ),
    (
        lambda text: "&" in text and _ENTITY.search(text),
        "the text has HTML entities such as &amp;, which are sent as they are; write the characters themselves",
    ),
    (
        lambda text: "<" in text and _TAG.search(without_tags(text)),
        "the text has tags that the service does not support, which are sent as they are; remove them",
    ),
    (
        lambda text: ("\\" in text or "_x" in text) and _ESCAPE.search(text),
        r"the text has escapes such as \n or _x000D_, which are sent as they are; write the characters themselves",
    ),
    (
        lambda text: "-->" in text and _SUBTITLE_TIME.search(text),
        "the text has the times of subtitles, which are sent as they are; remove them",
    ),
    (
        lambda text: text.strip() in _MISSING,
        "the text is one that programs write for a missing value; correct it or remove the row if it is not meant",
    ),
)
