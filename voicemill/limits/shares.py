"""Divide the slots and the budget of a run among its workers. Pure functions.

A worker learns of a lower share a moment later, so a part that one worker gives up goes to another one only after the
first has confirmed it. The sum over all workers therefore never exceeds the total, at any moment.
"""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class SlotShare:
    """The slots of a worker: granted, in effect at its last report, held by calls, and wanted by calls."""

    granted: int
    limit: int = 0
    held: int = 0
    wanted: int = 0

    @property
    def most_used(self) -> int:
        """The most slots that the worker may use at this moment."""
        return max(self.granted, self.limit, self.held)


def deal_slots(total: int, shares: Mapping[str, SlotShare]) -> dict[str, int]:
    """New grants for all workers: what they want as far as it is fair, and the rest in equal parts."""
    targets = _fair_targets(total, {worker: share.wanted for worker, share in shares.items()})
    grants = {worker: min(share.granted, targets[worker]) for worker, share in shares.items()}
    free = total - sum(max(grants[worker], share.limit, share.held) for worker, share in shares.items())
    for worker in sorted(shares, key=lambda each: grants[each] - targets[each]):
        more = max(0, min(targets[worker] - grants[worker], free))
        grants[worker] += more
        free -= more
    return grants


def _fair_targets(total: int, wanted: Mapping[str, int]) -> dict[str, int]:
    """Shares of `total`: no worker gets more than it wants while another one lacks slots."""
    targets = dict.fromkeys(wanted, 0)
    left = total
    for worker_number, worker in enumerate(sorted(wanted, key=lambda each: wanted[each])):
        targets[worker] = min(wanted[worker], left // (len(wanted) - worker_number))
        left -= targets[worker]
    for worker_number, worker in enumerate(sorted(wanted)):
        more = left // (len(wanted) - worker_number)
        targets[worker] += more
        left -= more
    return targets


@dataclass(frozen=True, slots=True)
class BudgetShare:
    """The budget of a worker since its start: granted, in effect at its last report, and spent.

    `needed` is the price of a call that waits for a larger grant, 0 if there is none. `ahead` is the amount that the
    worker should have in hand, so that it does not wait.
    """

    granted: float
    limit: float = 0.0
    spent: float = 0.0
    needed: float = 0.0
    ahead: float = 0.0

    @property
    def most_spent(self) -> float:
        """The most that the worker may have spent, by this moment or before it confirms a lower grant."""
        return max(self.granted, self.limit, self.spent)

    @property
    def is_waiting(self) -> bool:
        """Whether a call of the worker waits for a larger grant."""
        return self.needed > 0 and self.spent + self.needed > self.granted


def deal_budget(left: float, shares: Mapping[str, BudgetShare]) -> dict[str, float]:
    """New grants for all workers, of a budget of which `left` remained when the first of them started.

    Waiting calls come first. If one cannot be granted, the others give up what they have not spent.
    """
    grants = {worker: share.granted for worker, share in shares.items()}
    free = left - sum(share.most_spent for share in shares.values())
    waiting = sorted((each for each in shares if shares[each].is_waiting), key=lambda each: shares[each].needed)
    for position, worker in enumerate(waiting):
        target = shares[worker].spent + shares[worker].needed
        more = target - max(grants[worker], shares[worker].limit)
        if more > free:
            served = {each: grants[each] for each in waiting[:position]}
            return {each: min(share.granted, share.spent) for each, share in shares.items()} | served
        grants[worker] = target  # not by adding `more`, which would round
        free -= max(0.0, more)
    for worker_number, worker in enumerate(sorted(shares)):
        part = free / (len(shares) - worker_number)
        more = max(0.0, min(shares[worker].spent + shares[worker].ahead - grants[worker], part))
        grants[worker] += more
        free -= more
    return grants


def is_used_up(left: float, shares: Mapping[str, BudgetShare]) -> bool:
    """Whether a call waits and no worker holds anything that could be granted to it."""
    waiting = [share.needed for share in shares.values() if share.is_waiting]
    unspent = sum(share.most_spent - share.spent for share in shares.values())
    spent = sum(share.spent for share in shares.values())
    return bool(waiting) and unspent < _NOTHING and spent + min(waiting) > left


_NOTHING = 0.005
"""Ledgers hold credits with two decimals."""
