"""Receipts and keys of test answers."""

import hashlib
from datetime import UTC, datetime

from voicemill.model import Receipt

MOMENT = datetime(2026, 3, 1, 12, 30, 15, 123456, tzinfo=UTC)


def key_of(name: object) -> str:
    """A key like that of a call."""
    return hashlib.sha256(str(name).encode()).hexdigest()


def receipt(name: object) -> Receipt:
    """The receipt of the answer to `name`."""
    return Receipt(
        key=key_of(name),
        paid_by=f"row \u00fc {name}",
        asked_at=MOMENT,
        answered_at=MOMENT,
        latency_s=0.25,
        attempts=2,
        credits=17.0,
        request_id="r\n1",
        duration_s=1.5,
    )
