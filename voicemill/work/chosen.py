"""Which rows of a manifest a run is about: all, the first ones, or a sample that is spread over all of it."""

from dataclasses import dataclass
from typing import Self

from voicemill.config import Budget


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
