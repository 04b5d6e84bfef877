"""Wait for a state instead of a fixed time, because other processes may be slow."""

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")

PATIENCE_S = 280.0
"""Longer than any process takes that does not hang, also on a slow machine, but below the time limit of a test."""

_PAUSE_S = 0.05


def wait_until(ready: Callable[[], T | None], expected: str) -> T:
    """The first true value that `ready` returns. Fails with `expected` and the last value after `PATIENCE_S`."""
    deadline_s = time.monotonic() + PATIENCE_S
    while not (value := ready()):
        assert time.monotonic() < deadline_s, f"expected {expected}, got {value!r}"
        time.sleep(_PAUSE_S)
    return value
