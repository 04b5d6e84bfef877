"""How many calls at once: the rule, event by event, without a network and without time."""

import random
from collections import deque
from collections.abc import Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voicemill.limits.adaptive_concurrency import LONGEST_PATIENCE, Answered, Bounds, State, Throttled, after

AUTO = Bounds(1, 4, 100)


def answered(state: State, times: int, *, full: bool = True) -> State:
    """The state after so many good answers, each to a call of the state it finds."""
    for _ in range(times):
        state = after(state, Answered(state.number, full))
    return state


def throttled(state: State) -> State:
    """The state after a refusal of a call that was sent in it."""
    return after(state, Throttled(state.number))


def slots_after(state: State, rounds: int) -> list[int]:
    """How the number goes on, a round of good answers at a time."""
    seen = []
    for _ in range(rounds):
        state = answered(state, state.slots)
        seen.append(state.slots)
    return seen


def test_it_doubles_until_the_first_429() -> None:
    """Slow start: each round of good answers doubles the number, up to the most."""
    assert slots_after(State.opening(AUTO), 6) == [8, 16, 32, 64, 100, 100]


def test_a_429_takes_a_quarter_and_ends_the_doubling() -> None:
    """From 16 to 12, and from there one more a round, with longer strides as they succeed."""
    state = throttled(answered(State.opening(AUTO), 4 + 8))
    assert (state.slots, state.doubling) == (12, False)
    assert slots_after(state, 3) == [13, 14, 15]


def test_a_burst_counts_once() -> None:
    """Refusals of calls that were sent before the cut change nothing; one sent after it cuts again."""
    before = answered(State.opening(AUTO), 4 + 8 + 16)
    once = throttled(before)
    assert once.slots == 24
    assert after(once, Throttled(before.number)) is once
    assert after(once, Throttled(0)) is once
    assert throttled(once).slots == 16  # which is proven: 16 at once had been answered


def test_one_more_that_is_refused_goes_back_to_what_is_proven() -> None:
    """A try beyond a proven number costs that one refusal and no cut; the next try waits longer each time."""
    state = throttled(answered(State.opening(Bounds(1, 12, 100)), 12))
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
    assert waits[-1] == LONGEST_PATIENCE


def test_a_lowered_limit_is_left_at_once() -> None:
    """Several refusals at a number that was proven cut it by a quarter, and from there on each one does."""
    state = answered(throttled(answered(State.opening(Bounds(1, 8, 100)), 8)), 12)
    proven = throttled(state)
    assert (proven.slots, proven.proven) == (12, 12)
    seen = []
    for _ in range(5):
        proven = throttled(proven)
        seen.append(proven.slots)
    assert seen == [12, 12, 9, 6, 4]


def test_a_plan_s_number_is_where_it_begins() -> None:
    """What the plan promises is not doubled but tried beyond only after a while."""
    state = State.opening(Bounds(1, 3, 100, known=True))
    assert (state.slots, state.why) == (3, "as the plan allows")
    assert answered(state, 23).slots == 3
    assert answered(state, 24).slots == 4


@pytest.mark.parametrize("slots", [1, 4, 50])
def test_a_fixed_number_stays(slots: int) -> None:
    """Whatever happens, a number that was set is that number."""
    state = State.opening(Bounds.exactly(slots))
    assert after(state, Throttled(0)) is state
    assert after(state, Answered(0, True)) is state


def test_answers_beside_free_slots_prove_nothing() -> None:
    """A number that is not in use is not raised."""
    assert answered(State.opening(AUTO), 100, full=False).slots == 4


@given(st.lists(st.tuples(st.booleans(), st.integers(0, 5), st.booleans())), st.integers(1, 30), st.integers(0, 60))
def test_the_bounds_hold(events: list[tuple[bool, int, bool]], least: int, more: int) -> None:
    """Whatever comes in whatever order: the number stays between its bounds, and its reason is told."""
    bounds = Bounds(least, least + more // 2, least + more)
    state = State.opening(bounds)
    for good, age, full in events:
        sent_in = max(0, state.number - age)
        state = after(state, Answered(sent_in, full) if good else Throttled(sent_in))
        assert bounds.least <= state.slots <= bounds.most
        assert 0 <= state.proven <= state.slots or state.slots < state.proven <= bounds.most
        assert state.why
        assert state.cut_at <= state.number


def test_a_single_429_is_no_reason() -> None:
    """At a proven number one refusal a round is borne for ever, as a service gives them by chance."""
    state = throttled(answered(throttled(answered(State.opening(Bounds(1, 8, 100)), 8)), 12))
    assert (state.slots, state.proven) == (12, 12)
    for _ in range(7):
        state = answered(throttled(state), 12)
        assert state.slots == 12


def served(limits: Iterable[int], bounds: Bounds = AUTO, seed: int = 1) -> list[tuple[int, bool]]:
    """A service that takes `limit` at once, one entry a call: the number, and whether the call was refused.

    Always as many calls are under way as the number allows; the service refuses at once and answers in random order.
    """
    dice, state, seen = random.Random(seed), State.opening(bounds), []
    under_way: deque[int] = deque()
    for limit in limits:
        while len(under_way) >= state.slots:
            under_way.rotate(dice.randrange(3))
            state = after(state, Answered(under_way.popleft(), full=True))
        refused = len(under_way) >= limit
        seen.append((state.slots, refused))
        if refused:
            state = after(state, Throttled(state.number))
        else:
            under_way.append(state.number)
    return seen


@pytest.mark.parametrize("limit", [1, 2, 3, 5, 7, 9, 12, 15, 20, 37, 60])
def test_a_hidden_limit_is_found_and_held(limit: int) -> None:
    """Soon the limit is in use all the time, for less than one refused call in a hundred."""
    seen = served([limit] * 8000)[60 + 8 * limit :]
    assert sum(refused for _, refused in seen) < 0.01 * len(seen)
    assert sum(min(slots, limit) for slots, _ in seen) > 0.97 * limit * len(seen)


def test_a_limit_that_changes_is_followed() -> None:
    """From 12 to 6 and back: in use again soon after each change."""
    seen = served([12] * 3000 + [6] * 3000 + [12] * 3000)
    assert sum(slots for slots, _ in seen[3100:6000]) < 6.2 * 2900
    assert sum(min(slots, 12) for slots, _ in seen[6500:]) > 0.95 * 12 * 2500
    assert sum(refused for _, refused in seen) < 0.01 * len(seen)


def test_the_most_is_never_refused_twice() -> None:
    """Where the most is within the limit there is not one refusal."""
    assert not any(refused for _, refused in served([50] * 2000, Bounds(1, 4, 50)))


def test_refusals_by_chance_do_not_bring_it_down() -> None:
    """Where 3 % of the calls are refused whatever their number, most of a limit of 40 is used all the same."""
    dice = random.Random(5)
    seen = served([0 if dice.random() < 0.03 else 40 for _ in range(8000)])[2000:]
    assert sum(slots for slots, _ in seen) > 20 * len(seen)
