"""The engine's own version: part of the name of every answer it gives."""

from typing import Final

ENGINE_VERSION: Final = "2"
"""Goes up whenever the same question would be answered with other bytes."""

API_VERSION: Final = "2026-08-14"
"""The newest API version whose requests are understood; older ones are too."""
