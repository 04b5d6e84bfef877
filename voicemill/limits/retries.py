"""When a failed attempt is retried, and after what delay; the only place that decides about retries."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Protocol, TypeVar

import tenacity
from tenacity.wait import wait_random_exponential

from voicemill.config import Pace
from voicemill.errors import BadAnswer, CallError

CAPACITY = 500
COST_OF_A_FAILURE = 5
COST_OF_A_TIMEOUT = 10
GIVEN_FOR_A_FIRST_ANSWER = 1


@dataclass
class RetryQuota:
    """The run's tokens. When they are gone, whoever asks is told so, and nothing may be tried again for now."""

    tokens: int = CAPACITY

    def take(self, tokens: int) -> bool:
        """Take the tokens of one failure; False where there are not as many."""
        if self.tokens < tokens:
            return False
        self.tokens -= tokens
        return True

    def give_back(self, tokens: int) -> None:
        """A call was answered: it brings back what its failures took, and one more where it had none."""
        self.tokens = min(CAPACITY, self.tokens + (tokens or GIVEN_FOR_A_FIRST_ANSWER))

    def refill(self) -> None:
        """The service is well again."""
        self.tokens = CAPACITY


_MOST_BAD_ANSWERS = 2
_MOST_FORGIVEN = 3

T = TypeVar("T")
Sleep = Callable[[float], Awaitable[None]]


class Outages(Protocol):
    """Who knows whether a failure is the service's, and not that of one call."""

    @property
    def outages(self) -> int:
        """How many outages there were so far."""

    def blames_the_service(self, error: CallError) -> bool:
        """Whether a call that would give up with `error` should wait instead."""


class Retries:
    """Runs attempts until one gives an answer, or until the policy gives up."""

    def __init__(self, pace: Pace, outages: Outages | None = None) -> None:
        self._pace = pace
        self._outages = outages
        self._backoff = wait_random_exponential(multiplier=pace.first_wait_s, max=pace.longest_wait_s)

    async def run(self, attempt: Callable[[], Awaitable[T]], sleep: Sleep = asyncio.sleep) -> tuple[T, int]:
        """The result of the first good attempt, and how many attempts it took; `sleep` passes the time between them.

        Raises the last attempt's `CallError`, whose `attempts` says how many there were.
        """
        try:
            return await attempt(), 1
        except CallError as error:
            failed: CallError | None = error

        async def next_attempt() -> T:
            nonlocal failed
            if failed is not None:
                first, failed = failed, None
                raise first
            return await attempt()

        return await self._run_on(next_attempt, sleep)

    async def _run_on(self, attempt: Callable[[], Awaitable[T]], sleep: Sleep) -> tuple[T, int]:
        """The loop itself; only calls that failed once get here, for it costs a tenth of a call's CPU."""
        retrying = tenacity.AsyncRetrying(
            retry=tenacity.retry_if_exception(_may_pass),
            stop=_Enough(self._pace, self._outages),
            wait=self._wait_s,
            sleep=sleep,
            reraise=True,
        )
        try:
            result: T = await retrying(attempt)
        except CallError as error:
            error.attempts = int(retrying.statistics.get("attempt_number", 1))
            raise
        return result, int(retrying.statistics.get("attempt_number", 1))

    def _wait_s(self, state: tenacity.RetryCallState) -> float:
        error = _error_of(state)
        asked_s = error.retry_after_s if isinstance(error, CallError) else None
        if asked_s is not None:
            return min(asked_s, self._pace.longest_wait_s)
        return self._backoff(state)


class _Enough:
    """Whether one call has had its attempts, or its time: that of its attempts and the waits between, not that at a
    closed gate. A second bad answer is the last: a service that errs twice means it. After an outage all is counted
    anew, but not for ever: a call that fails at the beginning of each may be what they have in common."""

    def __init__(self, pace: Pace, outages: Outages | None) -> None:
        self._pace = pace
        self._service = outages
        self._outages = outages.outages if outages is not None else 0
        self._forgiven = 0
        self._begin_anew(idle_s=0.0)

    def __call__(self, state: tenacity.RetryCallState) -> bool:
        """Asked once after each failed attempt."""
        error = _error_of(state)
        if not isinstance(error, CallError) or not error.counts:
            return False
        if self._service is not None and self._service.outages != self._outages and self._forgiven < _MOST_FORGIVEN:
            self._outages = self._service.outages
            self._forgiven += 1
            self._begin_anew(state.idle_for)
        self._attempts += 1
        self._bad_answers += isinstance(error, BadAnswer)
        self._took_s += error.took_s
        if not self._is_enough(self._took_s + state.idle_for - self._idle_before_s + state.upcoming_sleep):
            return False
        if self._service is None or self._forgiven >= _MOST_FORGIVEN:
            return True
        return not self._service.blames_the_service(error)

    def _begin_anew(self, idle_s: float) -> None:
        self._attempts = 0
        self._bad_answers = 0
        self._took_s = 0.0
        self._idle_before_s = idle_s

    def _is_enough(self, spent_s: float) -> bool:
        too_long = spent_s > self._pace.call_deadline_s
        return too_long or self._attempts >= self._pace.attempts or self._bad_answers >= _MOST_BAD_ANSWERS


def _may_pass(error: BaseException) -> bool:
    return isinstance(error, CallError) and error.retryable


def _error_of(state: tenacity.RetryCallState) -> BaseException | None:
    return state.outcome.exception() if state.outcome else None
