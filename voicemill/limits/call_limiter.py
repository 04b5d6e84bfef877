"""The limits that a call passes before it is sent: concurrency, request rate, budget, and circuit breaker."""

import asyncio
import math
import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import TracebackType
from typing import Protocol

from voicemill.config import Pace
from voicemill.errors import CallError, RepeatedRefusals, VoicemillError
from voicemill.limits.adaptive_concurrency import Answered, Bounds, Throttled
from voicemill.limits.budget import Budget
from voicemill.limits.concurrency import PAUSED, SERVICE_DOWN, SHARED_LIMIT, ConcurrencyLimiter, Log
from voicemill.limits.retries import Retries
from voicemill.limits.service_health import ServiceHealth

_CATCH_UP_S = 0.05
_GRANT_INTERVAL_S = 0.05


@dataclass
class RequestRate:
    """Evenly spaced requests: in any window of `w` seconds at most `per_s * (w + 0.05) + 1`."""

    per_s: float
    next_s: float = 0.0

    def wait_s(self, now_s: float) -> float:
        """Reserve the next departure and return the wait until then."""
        departs_s = max(self.next_s, now_s - _CATCH_UP_S)
        self.next_s = departs_s + 1 / self.per_s
        return max(0.0, departs_s - now_s)


class LimitedCall(Protocol):
    """The properties of a call that the limiter uses; `list_price_credits` stands for its expected duration."""

    @property
    def family(self) -> str:
        """The concurrency limit of the service that applies to the call."""

    @property
    def credits(self) -> float:
        """The price of the call in credits."""

    @property
    def list_price_credits(self) -> float:
        """The price of the call at Cartesia in credits."""


class LimitedRun(Protocol):
    """The run whose calls are limited."""

    def stop(self, error: VoicemillError | None = None) -> None:
        """Start no more calls."""

    def check_going(self) -> None:
        """Raise if the run is ending."""

    async def pause(self, seconds: float) -> None:
        """Sleep, less if the run is ending."""


class CallLimiter:
    """Grants permits to calls. Use it from one event loop; it logs each change of a limit with its reason."""

    def __init__(
        self,
        pace: Pace,
        bounds: Mapping[str, Bounds],
        budget: Budget,
        log: Log = lambda _line: None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.budget = budget
        self.clock = clock
        self.by_family = {family: ConcurrencyLimiter(family, of_family, log) for family, of_family in bounds.items()}
        self._pace = pace
        self._rate = RequestRate(pace.requests_per_s) if pace.requests_per_s else None
        self._refusals: Counter[tuple[type, str]] = Counter()
        self.health = ServiceHealth(pace, self.by_family.values, clock, log, self._stop)
        self.retries = Retries(pace, self.health)
        self._run: LimitedRun | None = None
        self._rate_waiters = 0
        self.sent_s: dict[CallPermit, float] = {}
        """The time at which each call in flight was sent, the oldest first."""

    @property
    def oldest_call_s(self) -> float | None:
        """How long the oldest call in flight has waited for its answer; None if there is no call."""
        sent_s = next(iter(self.sent_s.values()), None)
        return None if sent_s is None else self.clock() - sent_s

    @property
    def waiting_for(self) -> str:
        """The reason why calls wait now, other than a lack of slots; empty if there is none."""
        why = self.why
        if why in (PAUSED, SERVICE_DOWN) or (why == SHARED_LIMIT and not self.slots):
            return {PAUSED: "paused", SERVICE_DOWN: "waiting for the service"}.get(why, "waiting for the shared limit")
        return "waiting for the rate limit" if self._rate_waiters and not self.sent_s else ""

    @property
    def slots(self) -> int:
        """How many calls may be in flight now, over all families in use."""
        semaphores = [limiter.semaphore for limiter in self.by_family.values()]
        used = [semaphore.limit for semaphore in semaphores if semaphore.held or semaphore.waiting]
        return sum(used) or max(semaphore.limit for semaphore in semaphores)

    @property
    def max_concurrency(self) -> int:
        """The most calls of one family that may ever be in flight."""
        return max(limiter.state.bounds.most for limiter in self.by_family.values())

    @property
    def why(self) -> str:
        """The reason for the present number of slots."""
        busiest = max(self.by_family.values(), key=lambda limiter: limiter.semaphore.held + limiter.semaphore.waiting)
        return busiest.why

    def attach(self, run: LimitedRun) -> None:
        """Limit the calls of `run`; call it once, before the first permit."""
        self._run = run

    @property
    def is_paused(self) -> bool:
        """Whether new calls are held back."""
        return any(limiter.is_paused for limiter in self.by_family.values())

    def set_paused(self, *, is_paused: bool) -> None:
        """Hold new calls back, or let them start again; calls in flight continue."""
        for limiter in self.by_family.values():
            limiter.set_paused(is_paused=is_paused)

    def set_concurrency(self, slots: int) -> None:
        """Use exactly `slots` for each family from now on."""
        for limiter in self.by_family.values():
            limiter.set_fixed(slots)

    def permit(self, call: LimitedCall, *, is_budgeted: bool = True) -> "CallPermit":
        """The permit of one call for all its attempts: use `async with` around each attempt.

        A call that is not budgeted counts towards no limit of the budget except its time.
        """
        return CallPermit(self, self.by_family[call.family], call, is_budgeted=is_budgeted)

    def end(self) -> None:
        """Admit all waiting calls so that they see that the run is ending."""
        self.health.close()
        for limiter in self.by_family.values():
            limiter.end()

    def close(self) -> None:
        """Store the spending at the end of a run. Raises `StorageError`."""
        self.health.close()
        self.budget.write()
        self.budget.sync()

    async def wait_to_send(self) -> None:
        """Wait until the request rate allows a request. Raises if the run is ending."""
        if self._run is not None:
            self._run.check_going()
        if self._rate is not None:
            wait_s = self._rate.wait_s(self.clock())
            if wait_s > 0:
                await self._wait_for_rate(wait_s)
                if self._run is not None:
                    self._run.check_going()

    async def reserve(self, credits: float) -> None:
        """Count a call of `credits`, once the budget allows it. Raises if it does not, or if the run is ending."""
        await self._wait_for_grant(credits)
        self.budget.reserve(credits, self.clock())

    async def _wait_for_grant(self, credits: float) -> None:
        """Wait until the run grants this process enough for a call. Raises if the run is ending."""
        while self._run is not None and self.budget.waits_for_grant(credits):
            await self._run.pause(_GRANT_INTERVAL_S)
            self._run.check_going()

    async def _wait_for_rate(self, wait_s: float) -> None:
        self._rate_waiters += 1
        try:
            await (self._run.pause(wait_s) if self._run is not None else asyncio.sleep(wait_s))
        finally:
            self._rate_waiters -= 1

    def record_answer(self) -> None:
        """A call was answered: earlier refusals do not affect all calls."""
        if self._refusals:
            self._refusals.clear()

    def record_refusal(self, error: CallError) -> None:
        """A call was refused; many refusals for one reason in a row end the run."""
        reason = (type(error), error.code)
        self._refusals[reason] += 1
        if self._pace.same_refusals and self._refusals[reason] >= self._pace.same_refusals:
            self._stop(
                RepeatedRefusals(
                    f"{self._refusals[reason]} calls in a row were refused with code {error.code}, the last with: "
                    f"{error}; fix what they have in common and rerun the command (pace.same_refusals = 0 disables "
                    "this check)"
                )
            )

    def _stop(self, error: VoicemillError) -> None:
        if self._run is not None:
            self._run.stop(error)


class CallPermit:
    """The permit of one call. Entering waits for a slot and reserves the cost; leaving records the outcome."""

    __slots__ = ("__weakref__", "_call", "_concurrency", "_is_budgeted", "_is_probe", "_limiter", "_sent_in", "_sent_s",
                 "_tokens", "attempts")  # fmt: skip

    def __init__(
        self, limiter: CallLimiter, concurrency: ConcurrencyLimiter, call: LimitedCall, *, is_budgeted: bool
    ) -> None:
        self.attempts = 0
        self._is_budgeted = is_budgeted
        self._limiter = limiter
        self._concurrency = concurrency
        self._call = call
        self._tokens = 0

    async def __aenter__(self) -> None:
        semaphore = self._concurrency.semaphore
        await semaphore.acquire(math.inf if self.attempts else self._call.list_price_credits)
        try:
            await self._limiter.wait_to_send()
            if self._is_budgeted:
                await self._limiter.reserve(self._call.credits)
            else:
                self._limiter.budget.check_time(self._limiter.clock())
        except BaseException:
            semaphore.release()
            raise
        self._is_probe = self._limiter.health.start_attempt()
        self.attempts += 1
        self._sent_in = self._concurrency.state.number
        self._sent_s = self._limiter.sent_s[self] = self._limiter.clock()

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._limiter.sent_s.pop(self, None)
        semaphore = self._concurrency.semaphore
        full = semaphore.held >= self._concurrency.state.slots
        try:
            self._record(error, full)
        finally:
            semaphore.release()

    def record_answer(self) -> None:
        """The call has a verified answer, which is not stored yet."""
        self._limiter.record_answer()

    def _record(self, error: BaseException | None, full: bool) -> None:
        if error is None:
            self._record_response(self._tokens, full)
        elif isinstance(error, CallError):
            self._record_failure(error, full)
        else:
            self._limiter.health.record_no_result(is_probe=self._is_probe)

    def _record_response(self, tokens: int, full: bool) -> None:
        self._limiter.health.record_answer(tokens, self)
        self._concurrency.record(Answered(self._sent_in, full))

    def _record_failure(self, error: CallError, full: bool) -> None:
        error.took_s = self._limiter.clock() - self._sent_s
        if error.billed == "no" and self._is_budgeted:
            self._limiter.budget.refund(self._call.credits)
        if error.is_refusal:
            self._record_response(0, full)
            self._limiter.record_refusal(error)
        elif error.retryable:
            self._record_retryable(error)
        else:
            self._limiter.health.record_no_result(is_probe=self._is_probe)

    def _record_retryable(self, error: CallError) -> None:
        if error.is_throttling:
            self._concurrency.record(Throttled(self._sent_in))
        slots = self._concurrency.state.slots
        self._tokens += self._limiter.health.record_failure(error, self, slots, is_probe=self._is_probe)
