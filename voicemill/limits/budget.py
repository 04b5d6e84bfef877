"""What a run may spend: counted before each call, kept over kills and reruns by a book that outlives the process."""

from dataclasses import dataclass, replace
from typing import Protocol

from voicemill.errors import BudgetReached


@dataclass(frozen=True, slots=True)
class Spending:
    """What the calls of a results folder took so far, those in flight and those of unknown outcome included."""

    credits: float = 0.0
    calls: int = 0


class Book(Protocol):
    """Where the spending is written down."""

    def write(self, spending: Spending) -> None:
        """Keep it, so that the death of this process does not lose it."""

    def sync(self) -> None:
        """Keep it over a power cut too."""


@dataclass(frozen=True, slots=True)
class Limits:
    """The most that may be spent, None for no limit. `duration_s` is the time of this run alone."""

    credits: float | None = None
    calls: int | None = None
    duration_s: float | None = None


class Budget:
    """Reserves before a call and settles after it; what is reserved counts as spent until it is given back."""

    def __init__(self, limits: Limits, spent: Spending, book: Book, started_s: float) -> None:
        self._limits = limits
        self._book = book
        self._ends_s = None if limits.duration_s is None else started_s + limits.duration_s
        self.spent = spent

    def reserve(self, credits: float, now_s: float) -> None:
        """Count one call of `credits`, on the book too. Raises `BudgetReached` where it does not fit any more."""
        wanted = Spending(self.spent.credits + credits, self.spent.calls + 1)
        self._check(wanted, credits, now_s)
        self._book.write(wanted)
        self.spent = wanted

    def limit_credits(self, credits: float) -> None:
        """Let at most so many be spent, in place of what was set."""
        self._limits = replace(self._limits, credits=credits)

    def give_back(self, credits: float) -> None:
        """The call was answered with an error that is certainly free; as a call it still counts."""
        self.spent = replace(self.spent, credits=self.spent.credits - credits)

    def write_down(self) -> None:
        """Write down what was given back."""
        self._book.write(self.spent)

    def sync(self) -> None:
        """Let no power cut undo what is written down; may be called from another thread, for it takes its time."""
        self._book.sync()

    def _check(self, wanted: Spending, credits: float, now_s: float) -> None:
        limits = self._limits
        if limits.credits is not None and wanted.credits > limits.credits:
            raise BudgetReached(
                f"the budget of {limits.credits:,.0f} credits is used up: {self.spent.credits:,.0f} are spent in this "
                f"results folder and the next call needs {credits:,.0f}; raise --max-credits or --max-cost to go on"
            )
        if limits.calls is not None and wanted.calls > limits.calls:
            raise BudgetReached(
                f"the budget of {limits.calls:,} calls is used up in this results folder; raise --max-calls to go on"
            )
        if self._ends_s is not None and now_s >= self._ends_s:
            raise BudgetReached(
                f"the {limits.duration_s:,.0f} s that this run may take are over; run the same command again to go on"
            )
