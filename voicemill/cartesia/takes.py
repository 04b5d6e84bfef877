"""Another take: a request that is sent again because its answer was bad."""

from typing import Final

TAKE_HEADER: Final = "Voicemill-Take"
"""The embedded engine generates another reading for each number; other services ignore the header."""


def take_headers(take: int) -> tuple[tuple[str, str], ...]:
    """The header of a take from 1; the first request, take 0, has none."""
    return ((TAKE_HEADER, str(take)),) if take else ()
