"""Further readings of one request: the same words at a slightly different pace and intonation."""

from dataclasses import replace
from typing import Final

from voicemill.engine.synthesis.controls import Delivery

MOST_TAKES: Final = 1_000_000

_PACE_SPREAD: Final = 0.06
_INTONATION_SPREAD: Final = 0.3
_PACE_STEP, _INTONATION_STEP = 0.7548776662466927, 0.5698402909980532
"""The R2 sequence, which spreads points evenly, so that nearby takes differ clearly."""


def delivery_of_take(delivery: Delivery, take: int) -> Delivery:
    """The delivery of reading number `take`; take 0 is unchanged. The same number always gives the same reading."""
    if take == 0:
        return delivery
    return replace(
        delivery,
        rate=delivery.rate * (1.0 + _PACE_SPREAD * _offset(take * _PACE_STEP)),
        intonation=delivery.intonation * (1.0 + _INTONATION_SPREAD * _offset(take * _INTONATION_STEP)),
    )


def _offset(position: float) -> float:
    """The fraction of `position` on a scale from -1 to 1."""
    return 2.0 * (position % 1.0) - 1.0
