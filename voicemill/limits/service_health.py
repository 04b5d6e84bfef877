"""Whether the service is available: retry quota, outage detector and circuit breaker together."""

import asyncio
from collections.abc import Callable, Iterable

from voicemill.config import Pace
from voicemill.errors import CallError, ServiceDown, VoicemillError
from voicemill.limits.circuit_breaker import CircuitBreaker
from voicemill.limits.concurrency import ConcurrencyLimiter, Log
from voicemill.limits.outage_detector import OutageDetector, may_be_an_outage
from voicemill.limits.retries import FAILURE_TOKENS, TIMEOUT_TOKENS, RetryQuota

_POLL_INTERVAL_S = 0.1
_MAX_RETRY_AFTER_S = 300.0


class ServiceHealth:
    """Holds all calls back during an outage, and sends one call at a time to probe the service."""

    def __init__(
        self,
        pace: Pace,
        limiters: Callable[[], Iterable[ConcurrencyLimiter]],
        clock: Callable[[], float],
        log: Log,
        give_up: Callable[[VoicemillError], None],
    ) -> None:
        self._pace = pace
        self._limiters = limiters
        self._clock = clock
        self._log = log
        self._give_up = give_up
        self._quota = RetryQuota()
        self._breaker = CircuitBreaker(pace.cool_down_s)
        self._detector = OutageDetector()
        self._retries_failed_rows = False
        self.outages = 0
        self._timer: asyncio.TimerHandle | None = None
        self._last_error = ""

    @property
    def is_down(self) -> bool:
        """Whether the service is considered down."""
        return self._breaker.is_open

    def start_retry_pass(self) -> None:
        """Process only rows that failed while others succeeded, with all retry tokens restored.
        Their failures are not evidence of an outage. When no tokens are left, a failed call is not retried.
        """
        self._retries_failed_rows = True
        self._detector = OutageDetector()
        self._quota.refill()

    def start_attempt(self) -> bool:
        """Record that an attempt starts; True if it is a probe."""
        if not self._breaker.is_open:
            return False
        self._breaker.start_probe()
        self._hold_calls_back()
        return True

    def record_answer(self, tokens: int, call: object) -> None:
        """The service answered `call`, whose failed attempts took this number of retry tokens."""
        self._detector.record_answer(call)
        self._quota.give_back(tokens)
        if self._breaker.is_open:
            self._close_breaker()

    def record_failure(self, error: CallError, call: object, slots: int, *, is_probe: bool) -> int:
        """An attempt of `call` failed with a retryable error; returns the retry tokens that it took.

        Failures during an outage do not use up the attempts of a call: this sets `error.counts`.
        """
        now_s, self._last_error = self._clock(), str(error)
        long_wait_s = error.retry_after_s if (error.retry_after_s or 0) > self._pace.longest_wait_s else None
        wait_s = None if long_wait_s is None else min(long_wait_s, _MAX_RETRY_AFTER_S)
        tokens = 0
        if is_probe:
            self._breaker.fail_probe(now_s, wait_s)
        elif not self._breaker.is_open:
            if wait_s is not None:
                self._open_breaker(wait_s, f"it asked to retry after {long_wait_s:.0f} s")
            tokens = self._take_tokens(error, call, slots)
        error.counts = not (is_probe or self._breaker.is_open)
        return tokens

    def is_outage(self, error: CallError) -> bool:
        """Whether a call that would give up with `error` should wait, because other calls fail too."""
        if may_be_an_outage(error) and self._detector.is_widespread and not self._breaker.is_open:
            self._open_breaker(None, self._failures_in_a_row)
        return self._breaker.is_open

    def record_no_result(self, *, is_probe: bool) -> None:
        """Record that an attempt ended without a result that says anything about the service."""
        if is_probe:
            self._breaker.discard_probe(self._clock())

    def close(self) -> None:
        """Stop watching the service."""
        if self._timer is not None:
            self._timer.cancel()

    def _take_tokens(self, error: CallError, call: object, slots: int) -> int:
        if may_be_an_outage(error) and not self._retries_failed_rows:
            self._detector.record_failure(call)
        if self._breaker.is_open:
            return 0
        if self._detector.is_outage(slots):
            self._open_breaker(None, self._failures_in_a_row)
            return 0
        if error.is_throttling:
            return 0
        tokens = TIMEOUT_TOKENS if error.code == "deadline" else FAILURE_TOKENS
        if self._quota.take(tokens):
            return tokens
        if self._retries_failed_rows:
            error.is_last = True
        else:
            self._open_breaker(None, "too many calls failed")
        return 0

    @property
    def _failures_in_a_row(self) -> str:
        return f"{self._detector.failures} attempts in a row failed"

    def _open_breaker(self, wait_s: float | None, why: str) -> None:
        self.outages += 1
        self._breaker.open(self._clock(), wait_s)
        self._log(f"the service is down: {why} ({self._last_error}); probing with one call at a time")
        self._hold_calls_back()
        self._poll()

    def _close_breaker(self) -> None:
        self._log(f"the service is back after {self._breaker.open_for_s(self._clock()):.0f} s")
        self._breaker.close()
        self._quota.refill()
        self._detector.clear_suspects()
        self.close()
        for limiter in self._limiters():
            limiter.set_outage_limit(None)

    def _hold_calls_back(self) -> None:
        for limiter in self._limiters():
            limiter.set_outage_limit(0)

    def _poll(self) -> None:
        """Check, ten times a second, whether to send a probe or to give up."""
        now_s = self._clock()
        self._timer = asyncio.get_running_loop().call_later(_POLL_INTERVAL_S, self._poll)
        if self._pace.when_down == "stop" and self._breaker.open_for_s(now_s) >= self._pace.give_up_after_s:
            self.close()
            self._give_up(_service_down(self._breaker.open_for_s(now_s), self._last_error))
        elif self._breaker.may_probe(now_s):
            waiting = next((limiter for limiter in self._limiters() if limiter.semaphore.waiting), None)
            if waiting is not None:
                waiting.admit_probe()


def _service_down(for_s: float, last_error: str) -> ServiceDown:
    return ServiceDown(
        f"the service has been down for {for_s:,.0f} s (last error: {last_error}); "
        "rerun the command when it is back, or let runs wait for it with --when-down wait"
    )
