"""The circuit breaker: closed while calls succeed, open during an outage, then probed with one call at a time."""

from dataclasses import dataclass

_MAX_COOL_DOWN_S = 300.0


@dataclass
class CircuitBreaker:
    """Opens, probes and closes; times are those of the caller's monotonic clock, in seconds.

    Each failed probe doubles the wait before the next one, up to five minutes, or up to the first wait if it is longer.
    """

    cool_down_s: float
    opened_at_s: float | None = None
    probe_at_s: float = 0.0
    probing: bool = False

    def __post_init__(self) -> None:
        self._wait_s = self.cool_down_s

    @property
    def is_open(self) -> bool:
        """Whether calls must wait; also while a probe is in flight."""
        return self.opened_at_s is not None

    def open(self, now_s: float, wait_s: float | None = None) -> None:
        """Hold all calls back; the first probe may be sent after `wait_s`, by default after the cool-down."""
        if self.opened_at_s is None:
            self.opened_at_s = now_s
            self._wait_s = self.cool_down_s
            self.probing = False
            self.probe_at_s = now_s + (self._wait_s if wait_s is None else wait_s)

    def may_probe(self, now_s: float) -> bool:
        """Whether one call may be sent as a probe now."""
        return self.is_open and not self.probing and now_s >= self.probe_at_s

    def start_probe(self) -> None:
        """Record that a probe is in flight."""
        self.probing = True

    def discard_probe(self, now_s: float) -> None:
        """The probe was not sent or gave no result: the next one may be sent at once."""
        self.probing = False
        self.probe_at_s = now_s

    def fail_probe(self, now_s: float, wait_s: float | None = None) -> None:
        """The probe failed: wait longer before the next one, and at least `wait_s`."""
        self.probing = False
        self._wait_s = min(self._wait_s * 2, max(_MAX_COOL_DOWN_S, self.cool_down_s))
        self.probe_at_s = now_s + max(self._wait_s, wait_s or 0.0)

    def close(self) -> None:
        """The service is available again."""
        self.opened_at_s = None
        self.probing = False

    def open_for_s(self, now_s: float) -> float:
        """How long the breaker has been open, 0 if it is closed."""
        return 0.0 if self.opened_at_s is None else now_s - self.opened_at_s
