"""What may be spent: counted before the call, never exceeded, never lost."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voicemill.errors import BudgetReached, ExitCode
from voicemill.limits.budget import Budget, Limits, Spending


class Notebook:
    """A book that remembers what was written last."""

    def __init__(self) -> None:
        self.written = Spending()

    def write(self, spending: Spending) -> None:
        """Remember."""
        self.written = spending

    def sync(self) -> None:
        """Nothing more to do."""


def budget(book: Notebook, **limits: float) -> Budget:
    """A budget that goes on where the book left off."""
    calls = limits.pop("calls", None)
    return Budget(Limits(calls=None if calls is None else int(calls), **limits), book.written, book, 0.0)


def test_it_is_on_the_book_before_the_call() -> None:
    """A process that is killed after the reservation has spent it."""
    book = Notebook()
    budget(book).reserve(40.0, 0.0)
    assert book.written == Spending(40.0, 1)


def test_the_last_call_that_fits_is_made() -> None:
    """Up to the limit and not one credit further; the message says what to do, and the exit code is 6."""
    spending = budget(Notebook(), credits=100.0)
    spending.reserve(60.0, 0.0)
    spending.reserve(40.0, 0.0)
    with pytest.raises(BudgetReached, match=r"100 are spent .* needs 1; raise --max-credits") as caught:
        spending.reserve(1.0, 0.0)
    assert caught.value.exit_code is ExitCode.BUDGET
    assert spending.spent == Spending(100.0, 2)


def test_a_free_failure_gives_back_its_credits_not_its_call() -> None:
    """A refused question costs nothing, but it was a request."""
    book = Notebook()
    spending = budget(book, credits=50.0, calls=2)
    spending.reserve(50.0, 0.0)
    spending.give_back(50.0)
    spending.reserve(50.0, 0.0)
    with pytest.raises(BudgetReached, match="credits"):
        spending.reserve(1.0, 0.0)
    with pytest.raises(BudgetReached, match=r"2 calls .* --max-calls"):
        spending.reserve(0.0, 0.0)
    spending.give_back(50.0)
    spending.write_down()
    assert book.written == Spending(0.0, 2)


def test_a_run_has_its_time() -> None:
    """No call is begun once the time is over; the next run has as much again."""
    book = Notebook()
    spending = budget(book, duration_s=60.0)
    spending.reserve(1.0, 59.9)
    with pytest.raises(BudgetReached, match="60 s"):
        spending.reserve(1.0, 60.0)
    Budget(Limits(duration_s=60.0), book.written, book, 100.0).reserve(1.0, 159.0)


@given(
    st.lists(st.tuples(st.sampled_from(["reserve", "fail", "kill"]), st.integers(0, 300))),
    st.integers(0, 2000),
    st.integers(0, 30),
)
def test_no_limit_is_ever_exceeded(steps: list[tuple[str, int]], credits: int, calls: int) -> None:
    """Whatever is reserved, given back and killed: what was really spent stays within both limits."""
    book, billed, made = Notebook(), 0.0, 0
    open_calls: list[float] = []
    spending = budget(book, credits=credits, calls=calls)
    for step, size in steps:
        if step == "kill":
            spending, open_calls = budget(book, credits=credits, calls=calls), []
        elif step == "fail" and open_calls:
            spending.give_back(open_calls[-1])
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
