"""When calls may flow at all: retry quota and breaker together, and the time that passes while the service is down."""

import asyncio
from collections.abc import Callable, Iterable

from voicemill.config import Pace
from voicemill.errors import CallError, ServiceDown, Throttled, VoicemillError
from voicemill.limits.circuit_breaker import CircuitBreaker
from voicemill.limits.concurrency import ConcurrencyLimiter, Log
from voicemill.limits.outage_detector import OutageDetector, is_of_the_service
from voicemill.limits.retries import COST_OF_A_FAILURE, COST_OF_A_TIMEOUT, RetryQuota

_LOOK_EVERY_S = 0.1
_LONGEST_PARK_S = 300.0


class ServiceHealth:
    """Holds all lanes back while the service is down, and sends one call at a time to see whether it is back."""

    def __init__(
        self,
        pace: Pace,
        lanes: Callable[[], Iterable[ConcurrencyLimiter]],
        clock: Callable[[], float],
        log: Log,
        give_up: Callable[[VoicemillError], None],
    ) -> None:
        self._pace = pace
        self._lanes = lanes
        self._clock = clock
        self._log = log
        self._give_up = give_up
        self._quota = RetryQuota()
        self._breaker = CircuitBreaker(pace.cool_down_s)
        self._silence = OutageDetector()
        self.outages = 0
        self._timer: asyncio.TimerHandle | None = None
        self._last = ""

    @property
    def is_open(self) -> bool:
        """Whether the service counts as down."""
        return self._breaker.is_open

    def depart(self) -> bool:
        """A call leaves now; True where it is the one that asks whether the service is back."""
        if not self._breaker.is_open:
            return False
        self._breaker.probe()
        self._hold_back()
        return True

    def answered(self, taken: int, call: object) -> None:
        """The service did its work for `call`, whose failures had taken so many tokens."""
        self._silence.ended(call)
        self._quota.give_back(taken)
        if self._breaker.is_open:
            self._close()

    def failed(self, error: CallError, call: object, slots: int, *, is_probe: bool) -> int:
        """An attempt of `call` failed in a way that may pass; the tokens that it took.

        What fails while the service is down uses up nobody's attempts: `error.counts` says so.
        """
        now_s, self._last = self._clock(), str(error)
        asked_s = error.retry_after_s if (error.retry_after_s or 0) > self._pace.longest_wait_s else None
        wait_s = None if asked_s is None else min(asked_s, _LONGEST_PARK_S)
        taken = 0
        if is_probe:
            self._breaker.probe_failed(now_s, wait_s)
        elif not self._breaker.is_open:
            if wait_s is not None:
                self._open(wait_s, f"it asked for {asked_s:.0f} s of silence")
            taken = self._draw(error, call, slots)
        error.counts = not (is_probe or self._breaker.is_open)
        return taken

    def blames_the_service(self, error: CallError) -> bool:
        """A call would give up now; True where it should wait instead, for nobody else is answered either."""
        if is_of_the_service(error) and self._silence.is_common and not self._breaker.is_open:
            self._open(None, self._so_many_failed)
        return self._breaker.is_open

    def learnt_nothing(self, *, is_probe: bool) -> None:
        """A call ended for reasons of our own."""
        if is_probe:
            self._breaker.probe_came_to_nothing(self._clock())

    def close(self) -> None:
        """The run is over."""
        if self._timer is not None:
            self._timer.cancel()

    def _draw(self, error: CallError, call: object, slots: int) -> int:
        if is_of_the_service(error):
            self._silence.went_on(call)
        if self._breaker.is_open:
            return 0
        if self._silence.is_long(slots):
            self._open(None, self._so_many_failed)
            return 0
        if isinstance(error, Throttled):
            return 0
        cost = COST_OF_A_TIMEOUT if error.code == "deadline" else COST_OF_A_FAILURE
        if self._quota.take(cost):
            return cost
        self._open(None, "too many calls failed")
        return 0

    @property
    def _so_many_failed(self) -> str:
        return f"{self._silence.failures} attempts in a row failed and none was answered"

    def _open(self, wait_s: float | None, why: str) -> None:
        self.outages += 1
        self._breaker.open(self._clock(), wait_s)
        self._log(f"the service is down: {why} ({self._last}); one call at a time asks whether it is back")
        self._hold_back()
        self._look()

    def _close(self) -> None:
        self._log(f"the service is back after {self._breaker.down_for_s(self._clock()):.0f} s")
        self._breaker.close()
        self._quota.refill()
        self._silence.acquit()
        self.close()
        for lane in self._lanes():
            lane.hold_back(None)

    def _hold_back(self) -> None:
        for lane in self._lanes():
            lane.hold_back(0)

    def _look(self) -> None:
        """See, ten times a second, whether it is time for a probe, or to give up."""
        now_s = self._clock()
        self._timer = asyncio.get_running_loop().call_later(_LOOK_EVERY_S, self._look)
        if self._pace.when_down == "stop" and self._breaker.down_for_s(now_s) >= self._pace.give_up_after_s:
            self.close()
            self._give_up(_down(self._breaker.down_for_s(now_s), self._last))
        elif self._breaker.may_probe(now_s):
            waiting = next((lane for lane in self._lanes() if lane.slots.waiting), None)
            if waiting is not None:
                waiting.let_one_ask()


def _down(for_s: float, last: str) -> ServiceDown:
    return ServiceDown(
        f"the service has been down for {for_s:,.0f} s (last it said: {last}); "
        "run the same command again when it is back, or let runs wait for it with --when-down wait"
    )
