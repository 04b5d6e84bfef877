"""The faults that an engine injects on request, so that clients can be tested against them."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Faults:
    """The share of requests, from 0 to 1, that get each fault. `seed` makes the choice reproducible.

    - `throttled`: a 429, with `Retry-After: retry_after_s` if that is set.
    - `failed`: one of 500, 502, 503 and 504.
    - `cut`: a correct response whose body ends half way.

    Every request first waits `latency_s`. `GET /` gets no faults. Raises `ValueError` that names the wrong field.
    """

    seed: int = 0
    latency_s: float = 0.0
    throttled: float = 0.0
    failed: float = 0.0
    cut: float = 0.0
    retry_after_s: float | None = None

    def __post_init__(self) -> None:
        for name in ("throttled", "failed", "cut"):
            if not 0.0 <= getattr(self, name) <= 1.0:
                raise ValueError(f"{name} is {getattr(self, name)}, but must be from 0 to 1")
        if self.throttled + self.failed + self.cut > 1.0:
            raise ValueError("throttled, failed and cut together must not be more than 1")
        if self.latency_s < 0:
            raise ValueError(f"latency_s is {self.latency_s}, but must not be negative")
