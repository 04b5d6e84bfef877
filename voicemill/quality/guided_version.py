"""The version of guided decoding, in a module that does not load the decoder."""

from typing import Final

VERSION: Final = 1
"""Part of what a stored verdict depends on."""
