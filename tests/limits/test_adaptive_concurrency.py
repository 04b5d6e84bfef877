"""Adaptive concurrency, event by event, without a network and without time."""

import random
from collections import deque
from collections.abc import Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voicemill.limits.adaptive_concurrency import MAX_PATIENCE, Answered, Bounds, State, Throttled, after

AUTO = Bounds(1, 4, 100)


def answered(state: State, times: int, *, full: bool = True) -> State:
    """The state after this number of answers, each to a call that was sent in the state it arrives in."""
    for _ in range(times):
        state = after(state, Answered(state.number, full))
    return state


def throttled(state: State) -> State:
    """The state after a 429 for a call that was sent in it."""
    return after(state, Throttled(state.number))


def slots_after(state: State, rounds: int) -> list[int]:
    """The number of slots after each round of answers."""
    seen = []
    for _ in range(rounds):
        state = answered(state, state.slots)
        seen.append(state.slots)
    return seen


def test_slots_double_until_the_first_429() -> None:
    """During slow start each round of answers doubles the slots, up to the maximum."""
    assert slots_after(State.initial(AUTO), 6) == [8, 16, 32, 64, 100, 100]


def test_429_reduces_by_a_quarter_and_ends_slow_start() -> None:
    """A 429 at 16 slots reduces them to 12; from there they rise by one per round."""
    state = throttled(answered(State.initial(AUTO), 4 + 8))
    assert (state.slots, state.doubling) == (12, False)
    assert slots_after(state, 3) == [13, 14, 15]


def test_burst_of_429s_counts_once() -> None:
    """Further 429s of calls sent before the reduction change nothing; one sent after it reduces again."""
    before = answered(State.initial(AUTO), 4 + 8 + 16)
    once = throttled(before)
    assert once.slots == 24
    assert after(once, Throttled(before.number)) is once
    assert after(once, Throttled(0)) is once
    assert throttled(once).slots == 16  # the proven number: 16 concurrent calls were answered


def test_throttled_rise_returns_to_the_proven_number() -> None:
    """A throttled rise returns to the proven number, and the next rise waits longer each time."""
    state = throttled(answered(State.initial(Bounds(1, 12, 100)), 12))
    waits = []
    for _ in range(5):
        proven = state.slots
        count = 0
        while state.slots == proven:
            state, count = answered(state, 1), count + 1
        waits.append(count)
        state = throttled(state)
    assert state.slots == proven
    assert waits[1:] == sorted(waits[1:])
    assert waits[-1] == MAX_PATIENCE


def test_lowered_limit_is_followed_at_once() -> None:
    """Several 429s at a proven number reduce it by a quarter, and then each further 429 does."""
    state = answered(throttled(answered(State.initial(Bounds(1, 8, 100)), 8)), 12)
    proven = throttled(state)
    assert (proven.slots, proven.proven) == (12, 12)
    seen = []
    for _ in range(5):
        proven = throttled(proven)
        seen.append(proven.slots)
    assert seen == [12, 12, 9, 6, 4]


def test_limit_of_the_plan_is_the_start() -> None:
    """The plan's limit is used from the start and is exceeded only after some time."""
    state = State.initial(Bounds(1, 3, 100, known=True))
    assert (state.slots, state.why) == (3, "the plan's limit")
    assert answered(state, 23).slots == 3
    assert answered(state, 24).slots == 4


@pytest.mark.parametrize("slots", [1, 4, 50])
def test_fixed_number_never_changes(slots: int) -> None:
    """No event changes a fixed number."""
    state = State.initial(Bounds.exactly(slots))
    assert after(state, Throttled(0)) is state
    assert after(state, Answered(0, True)) is state


def test_answers_with_free_slots_prove_nothing() -> None:
    """A number that is not fully used does not rise."""
    assert answered(State.initial(AUTO), 100, full=False).slots == 4


@given(st.lists(st.tuples(st.booleans(), st.integers(0, 5), st.booleans())), st.integers(1, 30), st.integers(0, 60))
def test_slots_stay_within_bounds(events: list[tuple[bool, int, bool]], least: int, more: int) -> None:
    """After any sequence of events the slots are within their bounds and have a reason."""
    bounds = Bounds(least, least + more // 2, least + more)
    state = State.initial(bounds)
    for good, age, full in events:
        sent_in = max(0, state.number - age)
        state = after(state, Answered(sent_in, full) if good else Throttled(sent_in))
        assert bounds.least <= state.slots <= bounds.most
        assert 0 <= state.proven <= state.slots or state.slots < state.proven <= bounds.most
        assert state.why
        assert state.cut_at <= state.number


def test_single_429_per_round_is_tolerated() -> None:
    """One 429 per round does not change a proven number: services reject a call now and then by chance."""
    state = throttled(answered(throttled(answered(State.initial(Bounds(1, 8, 100)), 8)), 12))
    assert (state.slots, state.proven) == (12, 12)
    for _ in range(7):
        state = answered(throttled(state), 12)
        assert state.slots == 12


def simulated(limits: Iterable[int], bounds: Bounds = AUTO, seed: int = 1) -> list[tuple[int, bool]]:
    """A service with these limits, one entry for each call: the slots, and whether the call was throttled.

    All slots are always in use; the service rejects at once and answers in random order.
    """
    dice, state, seen = random.Random(seed), State.initial(bounds), []
    in_flight: deque[int] = deque()
    for limit in limits:
        while len(in_flight) >= state.slots:
            in_flight.rotate(dice.randrange(3))
            state = after(state, Answered(in_flight.popleft(), full=True))
        is_throttled = len(in_flight) >= limit
        seen.append((state.slots, is_throttled))
        if is_throttled:
            state = after(state, Throttled(state.number))
        else:
            in_flight.append(state.number)
    return seen


@pytest.mark.parametrize("limit", [1, 2, 3, 5, 7, 9, 12, 15, 20, 37, 60])
def test_hidden_limit_is_found_and_held(limit: int) -> None:
    """Once found, the limit is nearly always used, with less than one 429 in a hundred calls."""
    seen = simulated([limit] * 8000)[60 + 8 * limit :]
    assert sum(is_throttled for _, is_throttled in seen) < 0.01 * len(seen)
    assert sum(min(slots, limit) for slots, _ in seen) > 0.97 * limit * len(seen)


def test_changing_limit_is_followed() -> None:
    """When the limit falls from 12 to 6 and rises again, the slots follow soon after each change."""
    seen = simulated([12] * 3000 + [6] * 3000 + [12] * 3000)
    assert sum(slots for slots, _ in seen[3100:6000]) < 6.2 * 2900
    assert sum(min(slots, 12) for slots, _ in seen[6500:]) > 0.95 * 12 * 2500
    assert sum(is_throttled for _, is_throttled in seen) < 0.01 * len(seen)


def test_maximum_within_the_limit_is_never_throttled() -> None:
    """With a maximum within the limit there is no 429."""
    assert not any(is_throttled for _, is_throttled in simulated([50] * 2000, Bounds(1, 4, 50)))


def test_random_429s_do_not_reduce_the_slots_much() -> None:
    """If 3 % of all calls are throttled at random, more than half of a limit of 40 is used."""
    dice = random.Random(5)
    seen = simulated([0 if dice.random() < 0.03 else 40 for _ in range(8000)])[2000:]
    assert sum(slots for slots, _ in seen) > 20 * len(seen)
