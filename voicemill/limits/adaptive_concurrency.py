"""Adaptive concurrency: a pure function that computes the number of slots after each outcome of a call.

- Slow start: the number doubles after each round of answers until the first 429, which lowers it by a quarter. All
  429s of calls that were sent before that reduction count once.
- Then it rises by one after each round of answers. When the higher number is throttled, it returns to the proven one
  and waits twice as long before the next rise.
- A proven number is lowered after several 429s within a round, not after one: services sometimes reject a call that
  arrives at the moment at which another one ends.

This finds a hidden limit, holds it with few 429s, follows it at once when it falls, and finds it again when it rises.
"""

from dataclasses import dataclass, replace
from typing import Self

_REDUCTION_FACTOR = 0.75
_FIRST_PATIENCE_ROUNDS = 8
_MIN_DOUBTS = 2
MAX_PATIENCE = 160
"""The most answers between two attempts to exceed a throttled number: it keeps 429s far below one call in a hundred."""


@dataclass(frozen=True, slots=True)
class Bounds:
    """The range of the number of slots, and where it starts; `known` if the account's plan guarantees that start."""

    least: int
    start: int
    most: int
    known: bool = False

    @classmethod
    def exactly(cls, slots: int) -> Self:
        """A number that never changes."""
        return cls(slots, slots, slots)


@dataclass(frozen=True, slots=True)
class Answered:
    """The service answered a call that was sent in state number `sent_in`; `full`: all slots were in use."""

    sent_in: int
    full: bool


@dataclass(frozen=True, slots=True)
class Throttled:
    """The service rejected a call that was sent in state number `sent_in` with a 429."""

    sent_in: int


Event = Answered | Throttled


@dataclass(frozen=True, slots=True)
class State:
    """The number of `slots`, and `why`. `number` counts changes; each call remembers the state it was sent in.

    `patience` is the number of answers before the next rise, and `waited` the number before the last one, None if the
    last change was a reduction. `doubts` counts the 429s within a round at a proven number.
    """

    bounds: Bounds
    slots: int
    why: str
    number: int = 0
    cut_at: int = 0
    proven: int = 0
    answered: int = 0
    doubts: int = 0
    patience: int = 0
    waited: int | None = None
    stride: int = 1
    doubling: bool = True

    @classmethod
    def initial(cls, bounds: Bounds) -> Self:
        """The state at the start of a run."""
        if bounds.least == bounds.most:
            return cls(bounds, bounds.start, "as configured")
        if bounds.known:
            patience = min(MAX_PATIENCE, bounds.start * _FIRST_PATIENCE_ROUNDS)
            return cls(bounds, bounds.start, "the plan's limit", patience=patience, doubling=False)
        return cls(bounds, bounds.start, "initial value")


def after(state: State, event: Event) -> State:
    """The state that follows `event`; the same object if nothing changes."""
    if state.bounds.least == state.bounds.most:
        return state
    if isinstance(event, Throttled):
        return state if event.sent_in < state.cut_at else _throttled(state)
    if not event.full or event.sent_in != state.number:
        return state
    answered = state.answered + 1
    if answered < max(state.slots, state.patience):
        return replace(state, answered=answered, doubts=state.doubts if answered % state.slots else 0)
    return _raised(state)


def _raised(state: State) -> State:
    if state.slots >= state.bounds.most:
        return replace(state, proven=state.slots, answered=0, doubts=0)
    wanted = state.slots * 2 if state.doubling else state.slots + state.stride
    return replace(
        state,
        slots=min(state.bounds.most, wanted),
        why=f"{state.slots} concurrent calls succeeded" + ("; doubling" if state.doubling else "; trying more"),
        number=state.number + 1,
        proven=state.slots,
        answered=0,
        doubts=0,
        patience=0,
        waited=state.patience,
        stride=min(state.stride * 2, max(1, state.slots // 8)),
    )


def _throttled(state: State) -> State:
    if state.proven == state.slots and state.doubts + 1 < max(_MIN_DOUBTS, state.slots // 4):
        return replace(state, doubts=state.doubts + 1)
    if not state.doubling and 0 < state.proven < state.slots:
        return _returned_to_proven(state)
    return _reduced(state)


def _returned_to_proven(state: State) -> State:
    number = state.number + 1
    patience = 0 if state.waited is None else max(state.proven * _FIRST_PATIENCE_ROUNDS, state.waited * 2)
    return replace(
        state,
        slots=state.proven,
        why=f"{state.slots} concurrent calls were throttled, {state.proven} were not",
        number=number,
        cut_at=number,
        answered=0,
        doubts=0,
        patience=min(MAX_PATIENCE, patience),
        waited=None,
        stride=1,
    )


def _reduced(state: State) -> State:
    number = state.number + 1
    slots = max(state.bounds.least, min(state.slots - 1, int(state.slots * _REDUCTION_FACTOR)))
    return replace(
        state,
        slots=slots,
        why=f"{state.slots} concurrent calls were throttled",
        number=number,
        cut_at=number,
        proven=state.proven if state.proven < slots else 0,
        answered=0,
        doubts=0,
        patience=0,
        waited=None,
        stride=1,
        doubling=False,
    )
