"""The versions that determine the engine's answers."""

from typing import Final

ENGINE_VERSION: Final = "2"
"""Part of the service name. Increase it when the small engine would answer the same request with other bytes."""

NATURAL_VERSION: Final = "1"
"""The same for the natural voices."""

API_VERSION: Final = "2026-08-14"
"""The newest API version whose requests are understood; older ones are too."""
