"""The encoding of a text: UTF-8, or UTF-16 with a byte order mark, which is what Excel writes as 'Unicode Text'."""

import codecs
from typing import Final

UTF_16_NAME: Final = "in UTF-16"
"""The description of a file in UTF-16 for the summary."""


def is_utf16(head: bytes) -> bool:
    """Whether a text begins with a byte order mark of UTF-16. That of UTF-32 begins with the same two bytes."""
    return head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)) and not head.startswith(codecs.BOM_UTF32_LE)


def decoded(content: bytes, errors: str = "strict") -> str:
    """The text of a whole file. Raises `UnicodeDecodeError` if `errors` is `strict`."""
    return content.decode("utf-16", errors) if is_utf16(content) else content.decode("utf-8-sig", errors)


def encoding_name(error: UnicodeDecodeError) -> str:
    """The name of the encoding that a text does not follow."""
    return "UTF-16" if error.encoding.startswith("utf-16") else "UTF-8"
