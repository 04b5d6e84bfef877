"""Verdicts of the quality checks, and the passages that they rate."""

from dataclasses import dataclass
from enum import StrEnum


class State(StrEnum):
    """The result of a check. Only a `bad` passage is generated again."""

    OK = "ok"
    BAD = "bad"
    INCONCLUSIVE = "inconclusive"


@dataclass(frozen=True, slots=True)
class Finding:
    """One reason for a verdict, and where it applies, in seconds from the start of the audio."""

    reason: str
    start_s: float
    end_s: float
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Verdict:
    """The result of checking one passage. `score` compares takes of it: 1.0 is the best, 0.0 the worst."""

    state: State
    findings: tuple[Finding, ...] = ()
    score: float = 1.0


@dataclass(frozen=True, slots=True)
class Passage:
    """A passage of a row: what one call generated, with its place in the row's file and its verdict.

    `number` counts from 1 within the row. `text` is the text as readers see it, and `spoken` as it was sent.
    """

    number: int
    text: str
    spoken: str
    take: int
    verdict: Verdict
    start_s: float | None = None
    end_s: float | None = None
    speaker: str = ""


def worst(states: "tuple[State, ...]") -> State:
    """The verdict on several passages together: the worst one."""
    order = (State.BAD, State.INCONCLUSIVE, State.OK)
    return next((state for state in order if state in states), State.OK)
