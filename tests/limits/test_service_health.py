"""Retry quota, circuit breaker and request rate, with a clock that the test sets."""

import pytest

from voicemill.config import Pace
from voicemill.errors import Transient
from voicemill.limits.call_limiter import RequestRate
from voicemill.limits.circuit_breaker import CircuitBreaker
from voicemill.limits.retries import CAPACITY, FAILURE_TOKENS, TIMEOUT_TOKENS, RetryQuota
from voicemill.limits.service_health import ServiceHealth


@pytest.mark.parametrize("cost", [FAILURE_TOKENS, TIMEOUT_TOKENS])
def test_quota_is_limited(cost: int) -> None:
    """Without a success, the quota allows a fixed number of failures."""
    quota = RetryQuota()
    taken = 0
    while quota.take(cost):
        taken += 1
    assert taken == CAPACITY // cost
    assert not quota.take(cost)


def test_success_returns_tokens() -> None:
    """An answered call returns what its failures took, or one token if it had none, up to the capacity."""
    quota = RetryQuota()
    while quota.take(FAILURE_TOKENS):
        pass
    quota.give_back(2 * FAILURE_TOKENS)
    assert quota.tokens == 2 * FAILURE_TOKENS
    quota.give_back(0)
    assert quota.tokens == 2 * FAILURE_TOKENS + 1
    for _ in range(CAPACITY):
        quota.give_back(FAILURE_TOKENS)
    assert quota.tokens == CAPACITY


def test_probes_are_sent_one_at_a_time_with_growing_waits() -> None:
    """Probes follow after 15, 30, 60 … seconds, at most five minutes apart, and a success closes the breaker."""
    breaker = CircuitBreaker(15.0)
    breaker.open(100.0)
    breaker.open(105.0)
    now_s, waits = 100.0, []
    for _ in range(7):
        since_s = now_s
        while not breaker.may_probe(now_s):
            now_s += 1.0
        waits.append(now_s - since_s)
        breaker.start_probe()
        assert not breaker.may_probe(now_s + 1000)
        breaker.fail_probe(now_s)
    assert waits == [15.0, 30.0, 60.0, 120.0, 240.0, 300.0, 300.0]
    assert breaker.open_for_s(now_s) == sum(waits)
    breaker.close()
    assert (breaker.is_open, breaker.open_for_s(now_s)) == (False, 0.0)
    breaker.open(now_s)
    assert breaker.may_probe(now_s + 15)


def test_retry_after_replaces_a_shorter_cool_down() -> None:
    """If the service asks for a longer wait, the next probe waits that long."""
    breaker = CircuitBreaker(15.0)
    breaker.open(0.0, wait_s=200.0)
    assert not breaker.may_probe(199.0)
    assert breaker.may_probe(200.0)
    breaker.start_probe()
    breaker.fail_probe(200.0, wait_s=250.0)
    assert not breaker.may_probe(449.0)
    assert breaker.may_probe(450.0)


def test_discarded_probe_is_replaced_at_once() -> None:
    """After a probe without a result, the next one may be sent at once."""
    breaker = CircuitBreaker(15.0)
    breaker.open(0.0)
    breaker.start_probe()
    breaker.discard_probe(20.0)
    assert breaker.may_probe(20.0)


@pytest.mark.parametrize("per_s", [0.5, 3.0, 100.0])
def test_request_rate_holds_in_every_window(per_s: float) -> None:
    """Under constant demand with small delays, no ten seconds exceed the rate, and the total is near it."""
    rate, now_s, departures = RequestRate(per_s), 0.0, []
    for number in range(int(60 * per_s)):
        now_s += rate.wait_s(now_s) + (0.01 / per_s) * (number % 3)
        departures.append(now_s)
    for first, start_s in enumerate(departures):
        in_window = sum(start_s <= at_s < start_s + 10 for at_s in departures[first : first + int(11 * per_s) + 2])
        assert in_window <= 10 * per_s * 1.02 + 1
    assert len(departures) / (departures[-1] - departures[0] + 1 / per_s) >= 0.95 * per_s


def test_idle_time_does_not_allow_a_burst() -> None:
    """After a pause, requests leave at the rate, not in a burst."""
    rate = RequestRate(10.0)
    rate.wait_s(0.0)
    waits = [rate.wait_s(100.0) for _ in range(10)]
    assert sum(wait == 0 for wait in waits) == 1
    assert waits[-1] >= 0.8


class _Call:
    """A call, as the outage detector identifies it."""


def test_retry_pass_ends_retries_instead_of_waiting_for_the_service() -> None:
    """In a retry pass, failures open no circuit breaker; once all tokens are used up, a failed call is not retried."""
    health = ServiceHealth(Pace(), list, lambda: 0.0, lambda _line: None, lambda _error: None)
    health.start_retry_pass()
    failures = [Transient("broken") for _ in range(CAPACITY // FAILURE_TOKENS + 1)]
    for failure in failures:
        health.record_failure(failure, _Call(), slots=1, is_probe=False)
    assert not health.is_down
    assert [failure.is_last for failure in failures] == [False] * (len(failures) - 1) + [True]
    assert all(failure.counts for failure in failures)
