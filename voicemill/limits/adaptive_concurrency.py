"""How many calls at once: what each outcome changes, as a pure function from state and event to the next state.

Slow start: doubling until the first 429, which takes a quarter away, once for all calls that were sent before the cut.
Then one more at a time, each after a round of good answers; where one more is refused, the number goes back to the
proven one, and the next try waits twice as long. A number that was proven good is doubted at several 429s in a round,
not at a single one: services refuse a call now and then that comes in the moment in which another ends. So a limit is
found, held with few 429s, left at once when it falls, and found again when it rises.
"""

from dataclasses import dataclass, replace
from typing import Self

_KEPT_AFTER_CUT = 0.75
_FIRST_PATIENCE_ROUNDS = 8
_FEWEST_DOUBTS = 2
LONGEST_PATIENCE = 160
"""Good answers between two tries beyond a number that was refused: so far below one call in a hundred is refused."""


@dataclass(frozen=True, slots=True)
class Bounds:
    """Between which numbers, and with which one to begin; `known` where that one is promised by the account's plan."""

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
    """A call of the state numbered `sent_in` was answered; `full`: all slots were in use."""

    sent_in: int
    full: bool


@dataclass(frozen=True, slots=True)
class Throttled:
    """A call of the state numbered `sent_in` was refused as one too many."""

    sent_in: int


Event = Answered | Throttled


@dataclass(frozen=True, slots=True)
class State:
    """`slots` calls at once, and why. `number` counts changes; calls remember in which they were sent.

    `patience` is how many good answers the next step up waits for, `waited` how many the last one did, None where the
    last step went down. `doubts` counts the refusals in a round at a proven number.
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
    def opening(cls, bounds: Bounds) -> Self:
        """Where a run begins."""
        if bounds.least == bounds.most:
            return cls(bounds, bounds.start, "as set")
        if bounds.known:
            patience = min(LONGEST_PATIENCE, bounds.start * _FIRST_PATIENCE_ROUNDS)
            return cls(bounds, bounds.start, "as the plan allows", patience=patience, doubling=False)
        return cls(bounds, bounds.start, "to begin with")


def after(state: State, event: Event) -> State:
    """The state that follows `event`; the same object where nothing changes."""
    if state.bounds.least == state.bounds.most:
        return state
    if isinstance(event, Throttled):
        return state if event.sent_in < state.cut_at else _refused(state)
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
        why=f"{state.slots} at once were answered" + ("; doubling" if state.doubling else "; trying more"),
        number=state.number + 1,
        proven=state.slots,
        answered=0,
        doubts=0,
        patience=0,
        waited=state.patience,
        stride=min(state.stride * 2, max(1, state.slots // 8)),
    )


def _refused(state: State) -> State:
    if state.proven == state.slots and state.doubts + 1 < max(_FEWEST_DOUBTS, state.slots // 4):
        return replace(state, doubts=state.doubts + 1)
    return _lowered(state)


def _lowered(state: State) -> State:
    number = state.number + 1
    if not state.doubling and 0 < state.proven < state.slots:
        patience = 0 if state.waited is None else max(state.proven * _FIRST_PATIENCE_ROUNDS, state.waited * 2)
        return replace(
            state,
            slots=state.proven,
            why=f"{state.slots} at once were too many, {state.proven} were not",
            number=number,
            cut_at=number,
            answered=0,
            doubts=0,
            patience=min(LONGEST_PATIENCE, patience),
            waited=None,
            stride=1,
        )
    kept = max(state.bounds.least, min(state.slots - 1, int(state.slots * _KEPT_AFTER_CUT)))
    return replace(
        state,
        slots=kept,
        why=f"{state.slots} at once were too many",
        number=number,
        cut_at=number,
        proven=state.proven if state.proven < kept else 0,
        answered=0,
        doubts=0,
        patience=0,
        waited=None,
        stride=1,
        doubling=False,
    )
