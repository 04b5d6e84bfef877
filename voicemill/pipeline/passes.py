"""Passes of a run: the first one processes every row, later ones only rows with transient failures."""

from dataclasses import dataclass, replace
from pathlib import Path

from voicemill.errors import RETRYABLE_CLASSES
from voicemill.model import Outcome, Status
from voicemill.pipeline.context import RunContext
from voicemill.pipeline.dependencies import UPSTREAM_FAILED


@dataclass(frozen=True, slots=True)
class RetryPass:
    """A later pass over a shard: the positions of its rows to retry, and the part that the pass before wrote."""

    number: int
    positions: tuple[int, ...]
    earlier_part: Path


def may_pass(outcome: Outcome) -> bool:
    """Whether another pass may finish the row: its failure is transient, or its input is missing."""
    if outcome.status is Status.FAILED:
        return outcome.error_class in RETRYABLE_CLASSES
    return outcome.error_code == UPSTREAM_FAILED


def before_retry(earlier: Outcome, known: Outcome | None, context: RunContext) -> None:
    """Take a row out of the counts of its earlier pass. `known` is its outcome in earlier runs."""
    if earlier.status is Status.FAILED:
        context.stats.rows_failed -= 1
        context.errors -= 1
    else:
        context.stats.rows_unchanged -= earlier == known


def after_retry(earlier: Outcome, outcome: Outcome, context: RunContext) -> Outcome:
    """The outcome of a row after its retry. A failed row stays failed if the run stops before its next attempt."""
    if earlier.status is not Status.FAILED:
        return outcome
    if outcome.status is Status.NOT_STARTED:
        context.stats.rows_failed += 1
        context.errors += 1
        return earlier
    if outcome.status is Status.FAILED:
        return replace(outcome, attempts=earlier.attempts + outcome.attempts)
    return outcome
