"""Which rows a run covers: all, the first ones, a sample, or those that an earlier run did not finish."""

from collections.abc import Collection
from dataclasses import dataclass, replace
from typing import Self

from voicemill.config import Budget
from voicemill.model import Outcome, Status
from voicemill.planning.row_calls import RowPlan
from voicemill.store.answer_store import AnswerStore


@dataclass(frozen=True, slots=True)
class Chosen:
    """`wanted` of `rows` rows, from the top up to `stop`, by their position counted from 0."""

    stop: int
    wanted: int

    @classmethod
    def of(cls, budget: Budget, rows: int) -> Self:
        """The rows that the settings choose of a manifest of `rows` rows."""
        stop = min(rows, budget.first_rows or rows)
        return cls(stop, min(stop, budget.sample_rows or stop))

    def __contains__(self, position: int) -> bool:
        if position >= self.stop:
            return False
        return (position + 1) * self.wanted // self.stop > position * self.wanted // self.stop


@dataclass(frozen=True, slots=True)
class Selection:
    """The unfinished rows that a run tries; the others stay as the last table tells of them.

    `classes` are statuses, classes or codes of errors, as they stand in the table; empty, like empty `ids`, means all.
    A row that the service refused is tried only with `force`, or once its question has changed.
    """

    classes: tuple[str, ...] = ()
    ids: tuple[str, ...] = ()
    force: bool = False

    def left_alone(self, plan: RowPlan, known: Outcome | None, answers: AnswerStore) -> Outcome | None:
        """The outcome of a row that is not tried; None where it is. `known` is what the last table tells of the row.

        A row that was done is always tried where it comes to this: its file is gone, and is made again from answers.
        """
        if known is not None and known.status is Status.DONE:
            return None
        told = known if known is not None and known.fingerprint == plan.fingerprint else None
        if not self._names(plan.row.id, told):
            return told or _not_selected(plan)
        if told is None or told.status is not Status.REFUSED or self.force:
            return None
        return told if _would_cost_a_call(plan, answers) else None

    def _names(self, row_id: str, told: Outcome | None) -> bool:
        return _is_in(self.ids, {row_id}) and _is_in(self.classes, _classes_of(told))


EVERY_ROW = Selection()


def _is_in(named: Collection[str], found: set[str | None]) -> bool:
    return not named or not found.isdisjoint(named)


def _classes_of(told: Outcome | None) -> set[str | None]:
    return {told.status.value, told.error_class, told.error_code} if told else {Status.NOT_STARTED.value}


def _would_cost_a_call(plan: RowPlan, answers: AnswerStore) -> bool:
    """Not where all answers are there: then the row was refused for its file's sake, and to try again is free."""
    return not all(answers.has(piece.call.key) for piece in plan.pieces)


def _not_selected(plan: RowPlan) -> Outcome:
    return replace(
        Outcome(plan.row.id, Status.NOT_STARTED, "stopped", "not_selected", "this run was told to try other rows"),
        characters=plan.characters,
        calls=len(plan.pieces),
        fingerprint=plan.fingerprint,
    )
