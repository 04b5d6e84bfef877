"""The versions that determine the engine's answers."""

from typing import Final

ENGINE_VERSION: Final = "2"
"""Part of the service name. Increase it when the small engine would answer the same request with other bytes."""

NATURAL_VERSIONS: Final = ("1", "2", "3")
"""The same for the natural voices and for voice conversion beside them. All are supported, so that a results folder
continues with the one it was made with.

2 pronounces British English with other vowels than 1. 3 converts recordings with a pitch analysis that tolerates noise.
"""
NATURAL_VERSION: Final = NATURAL_VERSIONS[-1]

API_VERSION: Final = "2026-08-14"
"""The newest API version whose requests are understood; older ones are too."""
