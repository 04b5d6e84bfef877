"""The budget of a run: each call is counted before it is sent, in a ledger that survives the process."""

from dataclasses import dataclass, replace
from typing import Protocol

from voicemill.errors import BudgetReached


@dataclass(frozen=True, slots=True)
class Spending:
    """The spending of a results folder so far, including calls in flight and calls whose outcome is unknown."""

    credits: float = 0.0
    calls: int = 0


class LedgerFile(Protocol):
    """Where the spending is stored."""

    def write(self, spending: Spending) -> None:
        """Store the spending so that it survives a crash of this process."""

    def sync(self) -> None:
        """Make the stored spending survive a power cut as well."""


@dataclass(frozen=True, slots=True)
class Limits:
    """The most that may be spent, None for no limit. `duration_s` applies to this run only."""

    credits: float | None = None
    calls: int | None = None
    duration_s: float | None = None


class Budget:
    """Reserves credits before a call; a reservation counts as spent until it is refunded."""

    def __init__(self, limits: Limits, spent: Spending, ledger: LedgerFile, started_s: float) -> None:
        self._limits = limits
        self._ledger = ledger
        self._ends_s = None if limits.duration_s is None else started_s + limits.duration_s
        self.spent = spent

    @property
    def max_credits(self) -> float | None:
        """The most credits that may be spent, None for no limit."""
        return self._limits.credits

    def reserve(self, credits: float, now_s: float) -> None:
        """Count one call of `credits`, in the ledger too. Raises `BudgetReached` if it exceeds a limit."""
        wanted = Spending(self.spent.credits + credits, self.spent.calls + 1)
        self._check(wanted, credits, now_s)
        self._ledger.write(wanted)
        self.spent = wanted

    def limit_credits(self, credits: float) -> None:
        """Replace the limit on credits."""
        self._limits = replace(self._limits, credits=credits)

    def refund(self, credits: float) -> None:
        """Return the credits of a call that failed and was not billed; the call itself still counts."""
        self.spent = replace(self.spent, credits=self.spent.credits - credits)

    def write(self) -> None:
        """Store the spending, refunds included."""
        self._ledger.write(self.spent)

    def sync(self) -> None:
        """Make the stored spending survive a power cut; blocks, so call it in a thread."""
        self._ledger.sync()

    def _check(self, wanted: Spending, credits: float, now_s: float) -> None:
        limits = self._limits
        if limits.credits is not None and wanted.credits > limits.credits:
            raise BudgetReached(
                f"the budget of {limits.credits:,.0f} credits is used up: {self.spent.credits:,.0f} are spent in this "
                f"results folder and the next call needs {credits:,.0f}; raise --max-credits or --max-cost to continue"
            )
        if limits.calls is not None and wanted.calls > limits.calls:
            raise BudgetReached(
                f"the budget of {limits.calls:,} calls is used up in this results folder; raise --max-calls to continue"
            )
        if self._ends_s is not None and now_s >= self._ends_s:
            raise BudgetReached(
                f"the time limit of {limits.duration_s:,.0f} s for this run is over; rerun the command to continue"
            )
