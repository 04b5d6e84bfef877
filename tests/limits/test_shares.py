"""The slots and the budget that workers share never exceed the total, and are not left unused."""

from hypothesis import given
from hypothesis import strategies as st

from voicemill.limits.shares import BudgetShare, SlotShare, deal_budget, deal_slots, is_used_up

_SMALL = st.integers(0, 40)
_WORKERS = st.dictionaries(st.sampled_from("abcdef"), st.tuples(_SMALL, _SMALL, _SMALL, _SMALL), min_size=1)


@given(total=st.integers(1, 60), workers=_WORKERS)
def test_slots_never_exceed_the_total(total: int, workers: dict[str, tuple[int, int, int, int]]) -> None:
    """New grants use only slots that no worker may still use."""
    shares = {name: SlotShare(*values) for name, values in workers.items()}
    before = sum(share.most_used for share in shares.values())
    granted = deal_slots(total, shares)
    after = sum(max(granted[name], share.limit, share.held) for name, share in shares.items())
    assert after <= max(total, before)
    assert all(granted[name] >= 0 for name in shares)


def test_slots_go_to_the_workers_that_want_them() -> None:
    """A worker without calls gives its slots to the others, in two steps."""
    idle, busy = SlotShare(granted=10, limit=10, held=0, wanted=0), SlotShare(granted=10, limit=10, held=10, wanted=30)
    first = deal_slots(20, {"idle": idle, "busy": busy})
    assert first == {"idle": 0, "busy": 10}
    confirmed = {"idle": SlotShare(granted=0, limit=0), "busy": busy}
    assert deal_slots(20, confirmed) == {"idle": 0, "busy": 20}


@given(
    left=st.integers(1, 100),
    workers=st.dictionaries(st.sampled_from("abcdef"), st.tuples(_SMALL, _SMALL, _SMALL, _SMALL, _SMALL), min_size=1),
)
def test_budgets_never_exceed_the_rest(left: int, workers: dict[str, tuple[int, int, int, int, int]]) -> None:
    """New grants use only credits that no worker may still spend."""
    shares = {name: BudgetShare(*values) for name, values in workers.items()}
    before = sum(share.most_spent for share in shares.values())
    granted = deal_budget(left, shares)
    after = sum(max(granted[name], share.limit, share.spent) for name, share in shares.items())
    assert after <= max(left, before) + 1e-6


def test_a_waiting_call_gets_what_others_have_not_spent() -> None:
    """Workers give up what they have not spent for a call that waits, and the budget ends when none of them can."""
    waiting = BudgetShare(granted=10, limit=10, spent=8, needed=5, ahead=20)
    other = BudgetShare(granted=12, limit=12, spent=9, ahead=20)
    assert deal_budget(22, {"waiting": waiting, "other": other}) == {"waiting": 8, "other": 9}
    confirmed = {
        "waiting": BudgetShare(granted=8, limit=8, spent=8, needed=5, ahead=20),
        "other": BudgetShare(granted=9, limit=9, spent=9, ahead=20),
    }
    assert not is_used_up(22, confirmed)
    assert deal_budget(22, confirmed)["waiting"] == 13
    assert is_used_up(21, confirmed)


def test_the_last_call_goes_to_one_of_two_waiting_workers() -> None:
    """If two calls wait and the rest pays for one, one of them is granted."""
    shares = {"a": BudgetShare(15, 15, 15, needed=1), "b": BudgetShare(7, 14, 14, needed=1)}
    assert deal_budget(30, shares) == {"a": 16, "b": 7}
