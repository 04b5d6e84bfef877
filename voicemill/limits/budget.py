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
    def limits(self) -> Limits:
        """The limits in effect."""
        return self._limits

    @property
    def max_credits(self) -> float | None:
        """The most credits that may be spent, None for no limit."""
        return self._limits.credits

    def reserve(self, credits: float, now_s: float) -> None:
        """Count one call of `credits`, in the ledger too. Raises `BudgetReached` if it exceeds a limit."""
        wanted = self.check(credits, now_s)
        self._ledger.write(wanted)
        self.spent = wanted

    def limit_credits(self, credits: float) -> None:
        """Replace the limit on credits."""
        self._limits = replace(self._limits, credits=credits)

    def waits_for_grant(self, _credits: float) -> bool:
        """Whether a call of `credits` must wait until the run grants this process more; False for a whole run."""
        return False

    def refund(self, credits: float) -> None:
        """Return the credits of a call that failed and was not billed; the call itself still counts."""
        self.spent = replace(self.spent, credits=self.spent.credits - credits)

    def write(self) -> None:
        """Store the spending, refunds included."""
        self._ledger.write(self.spent)

    def sync(self) -> None:
        """Make the stored spending survive a power cut; blocks, so call it in a thread."""
        self._ledger.sync()

    def check(self, credits: float, now_s: float) -> Spending:
        """The spending after one more call of `credits`. Raises `BudgetReached` if it exceeds a limit."""
        limits, wanted = self._limits, Spending(self.spent.credits + credits, self.spent.calls + 1)
        if limits.credits is not None and wanted.credits > limits.credits:
            raise BudgetReached(
                f"the budget of {limits.credits:,.0f} credits is used up: {self.spent.credits:,.0f} are spent in this "
                f"results folder and the next call needs {credits:,.0f}; raise --max-credits or --max-cost to continue"
            )
        if limits.calls is not None and wanted.calls > limits.calls:
            raise BudgetReached(
                f"the budget of {limits.calls:,} calls is used up in this results folder; raise --max-calls to continue"
            )
        self.check_time(now_s)
        return wanted

    def check_time(self, now_s: float) -> None:
        """Raise `BudgetReached` if the time limit of the run is over."""
        if self._ends_s is not None and now_s >= self._ends_s:
            raise BudgetReached(
                f"the time limit of {self._limits.duration_s:,.0f} s for this run is over; rerun the command to "
                "continue"
            )


class GrantedBudget(Budget):
    """The budget of one worker of a run: it grows as the driver grants more, and calls wait for that."""

    def __init__(self, ledger: LedgerFile) -> None:
        super().__init__(Limits(0.0, 0), Spending(), ledger, 0.0)
        self.needed_credits: float | None = None

    def grant(self, credits: float | None, calls: int | None) -> None:
        """Set the limits since the start of this worker; None for no limit."""
        self._limits = Limits(credits, calls)
        if self.needed_credits is not None and not self.waits_for_grant(self.needed_credits):
            self.needed_credits = None

    def waits_for_grant(self, credits: float) -> bool:
        """Whether the grants so far are too small for a call of `credits`, which is then requested."""
        limits, spent = self._limits, self.spent
        lacks_credits = limits.credits is not None and spent.credits + credits > limits.credits
        if lacks_credits or (limits.calls is not None and spent.calls + 1 > limits.calls):
            self.needed_credits = credits if self.needed_credits is None else min(credits, self.needed_credits)
            return True
        return False

    @property
    def limits(self) -> Limits:
        """The limits in effect: what was granted, and never less than what is spent already."""
        credits, calls = self._limits.credits, self._limits.calls
        return Limits(
            None if credits is None else max(credits, self.spent.credits),
            None if calls is None else max(calls, self.spent.calls),
        )
