"""The cover as a JPEG, whatever image format the book has it in."""

import io
import warnings
from typing import Final

_MAX_PIXELS: Final = 60_000_000
_QUALITY: Final = 90


def as_jpeg(content: bytes) -> bytes:
    """The image as a JPEG; empty for an image that cannot be read or that is unreasonably large."""
    if not content or content.startswith(b"\xff\xd8\xff"):
        return content
    from PIL import Image

    with warnings.catch_warnings():
        warnings.simplefilter("error", Image.DecompressionBombWarning)
        try:
            with Image.open(io.BytesIO(content)) as image:
                if image.width * image.height > _MAX_PIXELS:
                    return b""
                made = io.BytesIO()
                image.convert("RGB").save(made, "JPEG", quality=_QUALITY)
        except (OSError, ValueError, SyntaxError, Warning, Image.DecompressionBombError):
            return b""
    return made.getvalue()
