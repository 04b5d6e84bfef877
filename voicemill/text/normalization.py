"""Normalization of text before it is sent: composed, without invisible characters, and with ligatures spelled out.

Text that needs no normalization is unchanged, so the keys of its calls are those of earlier versions.
"""

import re
import unicodedata
from typing import Final

INVISIBLE: Final = re.compile(
    "[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180e\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]"
)
"""Soft hyphens, zero-width spaces, direction marks and similar characters, which are neither spoken nor shown."""
_LIGATURES: Final = re.compile(
    "[\ufb00-\ufb06\ufb13-\ufb17\ufb1f-\ufb36\ufb38-\ufdfb\ufe70-\ufefc\U0001d400-\U0001d7ff]"
)
"""Latin, Armenian, Hebrew and Arabic presentation forms, as PDF files store them, and mathematical letters."""
_JOINERS: Final = re.compile("[\u200c\u200d]+")
_LINE_BREAKS: Final = re.compile("[\x0b\x85]")
_BLANKS: Final = re.compile("[\x0c\u2800\u3164\uffa0]")
"""Form feeds, and characters that are shown as a space although Unicode counts them as letters or symbols."""
_SCRIPTS_WITHOUT_JOINERS_END: Final = "\u0530"
"""The first code point after Latin, Greek and Cyrillic."""


def normalized(text: str) -> str:
    """The normalized text. Form feeds and blank letters become spaces; vertical tabs and U+0085 become line ends."""
    if text.isascii() and "\x0b" not in text and "\x0c" not in text:
        return text
    text = _BLANKS.sub(" ", _LINE_BREAKS.sub("\n", text))
    text = INVISIBLE.sub("", text)
    text = _LIGATURES.sub(lambda found: unicodedata.normalize("NFKC", found[0]), text)
    text = _JOINERS.sub(lambda found: found[0] if _joins(text[: found.start()][-1:]) else "", text)
    return unicodedata.normalize("NFC", text)


def _joins(before: str) -> bool:
    """Whether a zero-width joiner after this character matters: in scripts such as Devanagari, and in emoji."""
    if not before or before < _SCRIPTS_WITHOUT_JOINERS_END:
        return False
    return unicodedata.category(before)[0] in "LM" or unicodedata.category(before) in ("So", "Sk")
