"""The retry policy: whether and when a failed attempt is retried. No other module decides about retries."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Protocol, TypeVar

import tenacity
from tenacity.wait import wait_random_exponential

from voicemill.config import Pace
from voicemill.errors import BadAnswer, CallError

CAPACITY = 500
FAILURE_TOKENS = 5
TIMEOUT_TOKENS = 10
FIRST_ANSWER_TOKENS = 1

_MAX_BAD_ANSWERS = 2
_THROTTLED_PER_ATTEMPT = 10
"""429s do not count as attempts, but a call that gets this many for each of its attempts gives up."""
_MAX_RESETS = 3

T = TypeVar("T")
Sleep = Callable[[float], Awaitable[None]]


@dataclass
class RetryQuota:
    """The retry tokens of a run: failures take some, answers return them. An empty quota means an outage."""

    tokens: int = CAPACITY

    def take(self, tokens: int) -> bool:
        """Take the tokens of one failure; False if there are not enough."""
        if self.tokens < tokens:
            return False
        self.tokens -= tokens
        return True

    def give_back(self, tokens: int) -> None:
        """Return the tokens that the failures of an answered call took, or one token if it had no failures."""
        self.tokens = min(CAPACITY, self.tokens + (tokens or FIRST_ANSWER_TOKENS))

    def refill(self) -> None:
        """Restore all tokens after an outage."""
        self.tokens = CAPACITY


class Outages(Protocol):
    """Tells whether a failure is an outage of the service or the failure of one call."""

    @property
    def outages(self) -> int:
        """How many outages there were so far."""

    def is_outage(self, error: CallError) -> bool:
        """Whether a call that would give up with `error` should wait for the service instead."""


class Retries:
    """Runs attempts until one succeeds or the retry policy gives up."""

    def __init__(self, pace: Pace, outages: Outages | None = None) -> None:
        self._pace = pace
        self._outages = outages
        self._backoff = wait_random_exponential(multiplier=pace.first_wait_s, max=pace.longest_wait_s)

    async def run(
        self, attempt: Callable[[], Awaitable[T]], sleep: Sleep = asyncio.sleep, pass_number: int = 1
    ) -> tuple[T, int]:
        """The result of the first successful attempt and the number of attempts; `sleep` waits between attempts.

        In pass N of a run, a call gives up at its bad answer number 2 N.
        Raises the `CallError` of the last attempt, with the number of attempts in its `attempts`.
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

        return await self._retry(next_attempt, sleep, _MAX_BAD_ANSWERS * pass_number)

    async def _retry(self, attempt: Callable[[], Awaitable[T]], sleep: Sleep, max_bad_answers: int) -> tuple[T, int]:
        """The retry loop; only for calls that failed once, because it costs a tenth of a call's CPU."""
        retrying = tenacity.AsyncRetrying(
            retry=tenacity.retry_if_exception(_is_retryable),
            stop=_Stop(self._pace, self._outages, max_bad_answers),
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
        retry_after_s = error.retry_after_s if isinstance(error, CallError) else None
        if retry_after_s is not None:
            return min(retry_after_s, self._pace.longest_wait_s)
        return self._backoff(state)


class _Stop:
    """Whether a call has used up its attempts or its time.

    Its time is that of its attempts and of the waits between them, not that of waiting for a slot. Within a run, a 429
    does not count as an attempt: the concurrency limiter reacts to it. After an outage all counts start again, but only
    a few times: a call that fails at the beginning of each outage may be its cause.
    """

    def __init__(self, pace: Pace, service: Outages | None, max_bad_answers: int) -> None:
        self._pace = pace
        self._service = service
        self._max_bad_answers = max_bad_answers
        self._outages = service.outages if service is not None else 0
        self._resets = 0
        self._reset(idle_s=0.0)

    def __call__(self, state: tenacity.RetryCallState) -> bool:
        """Called once after each failed attempt."""
        error = _error_of(state)
        if not isinstance(error, CallError) or not error.counts:
            return False
        if self._service is not None and self._service.outages != self._outages and self._resets < _MAX_RESETS:
            self._outages = self._service.outages
            self._resets += 1
            self._reset(state.idle_for)
        is_counted_by_limiter = error.is_throttling and self._service is not None
        self._throttled += is_counted_by_limiter
        self._attempts += not is_counted_by_limiter
        self._bad_answers += isinstance(error, BadAnswer)
        self._took_s += error.took_s
        if not error.is_last and not self._is_used_up(
            self._took_s + state.idle_for - self._idle_before_s + state.upcoming_sleep
        ):
            return False
        if self._service is None or self._resets >= _MAX_RESETS:
            return True
        return not self._service.is_outage(error)

    def _reset(self, idle_s: float) -> None:
        self._attempts = 0
        self._throttled = 0
        self._bad_answers = 0
        self._took_s = 0.0
        self._idle_before_s = idle_s

    def _is_used_up(self, spent_s: float) -> bool:
        too_long = spent_s > self._pace.call_deadline_s
        too_often = (
            self._attempts >= self._pace.attempts or self._throttled >= _THROTTLED_PER_ATTEMPT * self._pace.attempts
        )
        return too_long or too_often or self._bad_answers >= self._max_bad_answers


def _is_retryable(error: BaseException) -> bool:
    return isinstance(error, CallError) and error.retryable


def _error_of(state: tenacity.RetryCallState) -> BaseException | None:
    return state.outcome.exception() if state.outcome else None
