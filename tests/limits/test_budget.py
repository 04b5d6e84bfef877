"""The budget: each call is counted before it is sent, limits are never exceeded, and spending is never lost."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voicemill.errors import BudgetReached, ExitCode
from voicemill.limits.budget import Budget, Limits, Spending


class MemoryLedger:
    """A ledger that remembers the last spending written."""

    def __init__(self) -> None:
        self.written = Spending()

    def write(self, spending: Spending) -> None:
        """Remember the spending."""
        self.written = spending

    def sync(self) -> None:
        """Do nothing: memory needs no sync."""


def budget(ledger: MemoryLedger, **limits: float) -> Budget:
    """A budget that continues from the spending in the ledger."""
    calls = limits.pop("calls", None)
    return Budget(Limits(calls=None if calls is None else int(calls), **limits), ledger.written, ledger, 0.0)


def test_reservation_is_in_the_ledger_before_the_call() -> None:
    """A process that is killed after the reservation has spent it."""
    ledger = MemoryLedger()
    budget(ledger).reserve(40.0, 0.0)
    assert ledger.written == Spending(40.0, 1)


def test_call_that_exceeds_the_credits_is_not_made() -> None:
    """The last call that fits is made, the next raises an error with the remedy and exit code 6."""
    spending = budget(MemoryLedger(), credits=100.0)
    spending.reserve(60.0, 0.0)
    spending.reserve(40.0, 0.0)
    with pytest.raises(BudgetReached, match=r"100 are spent .* needs 1; raise --max-credits") as caught:
        spending.reserve(1.0, 0.0)
    assert caught.value.exit_code is ExitCode.BUDGET
    assert spending.spent == Spending(100.0, 2)


def test_refund_returns_credits_but_not_the_call() -> None:
    """A call that failed and was not billed returns its credits, but counts as a call."""
    ledger = MemoryLedger()
    spending = budget(ledger, credits=50.0, calls=2)
    spending.reserve(50.0, 0.0)
    spending.refund(50.0)
    spending.reserve(50.0, 0.0)
    with pytest.raises(BudgetReached, match="credits"):
        spending.reserve(1.0, 0.0)
    with pytest.raises(BudgetReached, match=r"2 calls .* --max-calls"):
        spending.reserve(0.0, 0.0)
    spending.refund(50.0)
    spending.write()
    assert ledger.written == Spending(0.0, 2)


def test_no_call_starts_after_the_time_limit() -> None:
    """The time limit ends a run; the next run has its full time again."""
    ledger = MemoryLedger()
    spending = budget(ledger, duration_s=60.0)
    spending.reserve(1.0, 59.9)
    with pytest.raises(BudgetReached, match="60 s"):
        spending.reserve(1.0, 60.0)
    Budget(Limits(duration_s=60.0), ledger.written, ledger, 100.0).reserve(1.0, 159.0)


@given(
    st.lists(st.tuples(st.sampled_from(["reserve", "fail", "kill"]), st.integers(0, 300))),
    st.integers(0, 2000),
    st.integers(0, 30),
)
def test_no_sequence_exceeds_a_limit(steps: list[tuple[str, int]], credits: int, calls: int) -> None:
    """After any sequence of reservations, refunds and kills, billed credits and calls are within both limits."""
    ledger, billed, made = MemoryLedger(), 0.0, 0
    open_calls: list[float] = []
    spending = budget(ledger, credits=credits, calls=calls)
    for step, size in steps:
        if step == "kill":
            spending, open_calls = budget(ledger, credits=credits, calls=calls), []
        elif step == "fail" and open_calls:
            spending.refund(open_calls[-1])
            billed -= open_calls.pop()
        elif step == "reserve":
            try:
                spending.reserve(float(size), 0.0)
            except BudgetReached:
                continue
            open_calls.append(float(size))
            billed, made = billed + size, made + 1
        assert billed <= credits
        assert made <= calls
