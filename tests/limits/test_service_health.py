"""Quota, breaker and rate: what a sick service gets, with a clock that is set by hand."""

import pytest

from voicemill.limits.call_limiter import Rate
from voicemill.limits.circuit_breaker import CircuitBreaker
from voicemill.limits.retries import CAPACITY, COST_OF_A_FAILURE, COST_OF_A_TIMEOUT, RetryQuota


@pytest.mark.parametrize("cost", [COST_OF_A_FAILURE, COST_OF_A_TIMEOUT])
def test_the_quota_ends(cost: int) -> None:
    """So many failures without a success, and no more."""
    quota = RetryQuota()
    taken = 0
    while quota.take(cost):
        taken += 1
    assert taken == CAPACITY // cost
    assert not quota.take(cost)


def test_success_fills_the_quota_again() -> None:
    """A call that got through brings back what its failures took, a call without failures one token, up to the most."""
    quota = RetryQuota()
    while quota.take(COST_OF_A_FAILURE):
        pass
    quota.give_back(2 * COST_OF_A_FAILURE)
    assert quota.tokens == 2 * COST_OF_A_FAILURE
    quota.give_back(0)
    assert quota.tokens == 2 * COST_OF_A_FAILURE + 1
    for _ in range(CAPACITY):
        quota.give_back(COST_OF_A_FAILURE)
    assert quota.tokens == CAPACITY


def test_one_probe_at_a_time_and_a_longer_wait_after_each() -> None:
    """Probes go after 15, 30, 60 … seconds, at most five minutes apart, and a success closes the circuit."""
    breaker = CircuitBreaker(15.0)
    breaker.open(100.0)
    breaker.open(105.0)
    now_s, waits = 100.0, []
    for _ in range(7):
        since_s = now_s
        while not breaker.may_probe(now_s):
            now_s += 1.0
        waits.append(now_s - since_s)
        breaker.probe()
        assert not breaker.may_probe(now_s + 1000)
        breaker.probe_failed(now_s)
    assert waits == [15.0, 30.0, 60.0, 120.0, 240.0, 300.0, 300.0]
    assert breaker.down_for_s(now_s) == sum(waits)
    breaker.close()
    assert (breaker.is_open, breaker.down_for_s(now_s)) == (False, 0.0)
    breaker.open(now_s)
    assert breaker.may_probe(now_s + 15)


def test_the_service_s_own_wait_stands_over_the_cool_down() -> None:
    """Where it says how long it wants silence, it gets that."""
    breaker = CircuitBreaker(15.0)
    breaker.open(0.0, wait_s=200.0)
    assert not breaker.may_probe(199.0)
    assert breaker.may_probe(200.0)
    breaker.probe()
    breaker.probe_failed(200.0, wait_s=250.0)
    assert not breaker.may_probe(449.0)
    assert breaker.may_probe(450.0)


def test_a_probe_that_was_not_sent_makes_way_for_another() -> None:
    """A probe that ends for reasons of our own says nothing of the service."""
    breaker = CircuitBreaker(15.0)
    breaker.open(0.0)
    breaker.probe()
    breaker.probe_came_to_nothing(20.0)
    assert breaker.may_probe(20.0)


@pytest.mark.parametrize("per_s", [0.5, 3.0, 100.0])
def test_the_rate_is_kept_in_every_window(per_s: float) -> None:
    """Asked all the time and late now and then: never above the rate in ten seconds, and hardly below it."""
    rate, now_s, left = Rate(per_s), 0.0, []
    for number in range(int(60 * per_s)):
        now_s += rate.wait_s(now_s) + (0.01 / per_s) * (number % 3)
        left.append(now_s)
    for first, start_s in enumerate(left):
        in_window = sum(start_s <= moment_s < start_s + 10 for moment_s in left[first : first + int(11 * per_s) + 2])
        assert in_window <= 10 * per_s * 1.02 + 1
    assert len(left) / (left[-1] - left[0] + 1 / per_s) >= 0.95 * per_s


def test_idle_time_is_not_saved_up() -> None:
    """After a pause requests leave at the rate, not in a burst."""
    rate = Rate(10.0)
    rate.wait_s(0.0)
    waits = [rate.wait_s(100.0) for _ in range(10)]
    assert sum(wait == 0 for wait in waits) == 1
    assert waits[-1] >= 0.8
