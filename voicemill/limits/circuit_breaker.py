"""The circuit: closed while calls flow, open while the service is down, and then one call at a time asks whether it
is back."""

from dataclasses import dataclass

_LONGEST_COOL_DOWN_S = 300.0


@dataclass
class CircuitBreaker:
    """Opens, probes and closes; times are those of the caller's monotonic clock, in seconds.

    Each probe that fails doubles the wait for the next one, up to five minutes or the first wait where that is longer.
    """

    cool_down_s: float
    opened_at_s: float | None = None
    probe_at_s: float = 0.0
    probing: bool = False

    def __post_init__(self) -> None:
        self._wait_s = self.cool_down_s

    @property
    def is_open(self) -> bool:
        """Whether calls must wait; also while a probe is under way."""
        return self.opened_at_s is not None

    def open(self, now_s: float, wait_s: float | None = None) -> None:
        """Let nothing through; the first probe after `wait_s`, or after the cool-down."""
        if self.opened_at_s is None:
            self.opened_at_s = now_s
            self._wait_s = self.cool_down_s
            self.probing = False
            self.probe_at_s = now_s + (self._wait_s if wait_s is None else wait_s)

    def may_probe(self, now_s: float) -> bool:
        """Whether one call may ask now."""
        return self.is_open and not self.probing and now_s >= self.probe_at_s

    def probe(self) -> None:
        """A call goes to ask whether the service is back."""
        self.probing = True

    def probe_came_to_nothing(self, now_s: float) -> None:
        """The probe was not sent or tells nothing: another one may go at once."""
        self.probing = False
        self.probe_at_s = now_s

    def probe_failed(self, now_s: float, wait_s: float | None = None) -> None:
        """It is not back: wait longer."""
        self.probing = False
        self._wait_s = min(self._wait_s * 2, max(_LONGEST_COOL_DOWN_S, self.cool_down_s))
        self.probe_at_s = now_s + max(self._wait_s, wait_s or 0.0)

    def close(self) -> None:
        """It is back."""
        self.opened_at_s = None
        self.probing = False

    def down_for_s(self, now_s: float) -> float:
        """How long it has been open, 0 where it is closed."""
        return 0.0 if self.opened_at_s is None else now_s - self.opened_at_s
