"""Select the rows of a run: all, the first ones, a sample, or those that an earlier run did not finish."""

from collections.abc import Collection
from dataclasses import dataclass, replace
from typing import Self

from voicemill.config import Budget
from voicemill.model import Outcome, Status
from voicemill.planning.row_calls import RowPlan
from voicemill.store.answer_store import AnswerStore


@dataclass(frozen=True, slots=True)
class Chosen:
    """Row positions (counted from 0) that `--sample` and `--limit` choose: `wanted` rows, spread below `stop`."""

    stop: int
    wanted: int

    @classmethod
    def of(cls, budget: Budget, rows: int) -> Self:
        """The positions that the settings choose in a manifest of `rows` rows."""
        stop = min(rows, budget.first_rows or rows)
        return cls(stop, min(stop, budget.sample_rows or stop))

    def __contains__(self, position: int) -> bool:
        if position >= self.stop:
            return False
        return (position + 1) * self.wanted // self.stop > position * self.wanted // self.stop


@dataclass(frozen=True, slots=True)
class Selection:
    """The unfinished rows that a run processes; other rows keep the outcome of the last table.

    `classes` are statuses, error classes or error codes of the items table. Empty `classes` or `ids` select all rows.
    A row that the service refused is retried only with `force`, or if its call has changed.
    """

    classes: tuple[str, ...] = ()
    ids: tuple[str, ...] = ()
    force: bool = False

    def skipped(self, plan: RowPlan, known: Outcome | None, answers: AnswerStore) -> Outcome | None:
        """The outcome of a row that this run skips, None if it is processed. `known` is its outcome in the last table.

        A row that was done is processed: its file is missing, and is assembled again from the stored answers.
        """
        if known is not None and known.status is Status.DONE:
            return None
        before = known if known is not None and known.fingerprint == plan.fingerprint else None
        if not self._selects(plan.row.id, before):
            return before or _not_selected(plan)
        if before is None or before.status is not Status.REFUSED or self.force:
            return None
        return before if _needs_a_call(plan, answers) else None

    def _selects(self, row_id: str, known: Outcome | None) -> bool:
        return _is_in(self.ids, {row_id}) and _is_in(self.classes, _classes_of(known))


EVERY_ROW = Selection()


def _is_in(named: Collection[str], found: set[str | None]) -> bool:
    return not named or not found.isdisjoint(named)


def _classes_of(known: Outcome | None) -> set[str | None]:
    return {known.status.value, known.error_class, known.error_code} if known else {Status.NOT_STARTED.value}


def _needs_a_call(plan: RowPlan, answers: AnswerStore) -> bool:
    """False if all answers are stored: then the row was refused for its output file, and a retry is free."""
    return not all(answers.has(piece.call.key) for piece in plan.pieces)


def _not_selected(plan: RowPlan) -> Outcome:
    return replace(
        Outcome(
            plan.row.id, Status.NOT_STARTED, "stopped", "not_selected", "not among the rows that this retry selects"
        ),
        characters=plan.characters,
        calls=len(plan.pieces),
        fingerprint=plan.fingerprint,
    )
