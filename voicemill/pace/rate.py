"""At most so many requests a second."""

from dataclasses import dataclass

_CATCH_UP_S = 0.05


@dataclass
class Rate:
    """Evenly spaced departures: in no window of `w` seconds more than `per_s * (w + 0.05) + 1`."""

    per_s: float
    next_s: float = 0.0

    def wait_s(self, now_s: float) -> float:
        """Take the next departure; how long to wait for it."""
        leaves_s = max(self.next_s, now_s - _CATCH_UP_S)
        self.next_s = leaves_s + 1 / self.per_s
        return max(0.0, leaves_s - now_s)
