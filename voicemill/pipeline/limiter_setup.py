"""Create the limits of a run from its settings: the concurrency of each call family, and the budget."""

import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from voicemill.config import Budget as BudgetSettings
from voicemill.config import Pace, Settings
from voicemill.limits.adaptive_concurrency import Bounds
from voicemill.limits.budget import Budget, Limits, Spending
from voicemill.model import EMBEDDED_PREFIX, FAMILIES
from voicemill.model.machine import available_cores
from voicemill.planning.price_plans import PRICE_PLANS, PricePlan
from voicemill.store.spend_ledger import Ledger

if TYPE_CHECKING:
    from voicemill.limits.call_limiter import CallLimiter

FIRST_CONCURRENCY = 4
"""The initial concurrency when no limit is known."""


class LedgerStore:
    """The record of the spending in a results folder."""

    def __init__(self, ledger: Ledger) -> None:
        self.ledger = ledger

    def spent(self) -> Spending:
        """The spending of earlier runs in the folder. Raises `StorageError` if the record cannot be read."""
        return Spending(*self.ledger.read())

    def write(self, spending: Spending) -> None:
        """Record the spending, so that it survives a crash of this process."""
        self.ledger.write(spending.credits, spending.calls)

    def sync(self) -> None:
        """Sync the record to disk, so that it survives a power cut."""
        self.ledger.sync()


def open_limiter(
    settings: Settings,
    service: str,
    ledger: Ledger,
    log: Callable[[str], None] = lambda _line: None,
    budget: Budget | None = None,
) -> "CallLimiter":
    """The call limiter of a run against `service`, with the spending in `ledger`. Raises `StorageError`.

    `budget` replaces the budget of the settings.
    """
    from voicemill.limits.call_limiter import CallLimiter  # imports tenacity and ssl, which a plan does not need

    pace, store = settings.pace, LedgerStore(ledger)
    plan = price_plan(pace)
    bounds: dict[str, Bounds] = {family: bounds_of(pace, plan, family, service) for family in FAMILIES}
    budget = budget or Budget(limits_of(settings.budget, plan), store.spent(), store, time.monotonic())
    return CallLimiter(pace, bounds, budget, log)


def price_plan(pace: Pace) -> PricePlan | None:
    """The price plan in the settings, None if there is none."""
    return next((price for price in PRICE_PLANS if price.name.lower() == pace.plan), None)


def bounds_of(pace: Pace, plan: PricePlan | None, family: str, service: str) -> Bounds:
    """The concurrency of a call family: the configured one, or the limit of the plan, or bounds to search for it."""
    least, start, most = pace.min_concurrency, pace.start_concurrency, pace.max_concurrency
    known = plan.slots(family) if plan is not None and not start else 0
    if service.startswith(EMBEDDED_PREFIX):  # It never throttles and has one worker per core: more calls only wait.
        return Bounds.exactly(start or min(most, available_cores()))
    return Bounds(least, min(most, max(least, start or known or FIRST_CONCURRENCY)), most, known=bool(known))


def shared_sizes(pace: Pace) -> dict[str, int]:
    """The size of a shared limit that does not exist yet, by family; 0 if it is unknown.

    It is the limit of the plan, or else a fixed concurrency in the settings.
    """
    plan = price_plan(pace)
    fixed = pace.max_concurrency if pace.min_concurrency == pace.max_concurrency else 0
    return {family: plan.slots(family) if plan is not None else fixed for family in FAMILIES}


def limits_of(budget: BudgetSettings, plan: PricePlan | None) -> Limits:
    """The budget of the settings in credits, calls and seconds."""
    caps = [budget.max_credits] if budget.max_credits else []
    if budget.max_cost_usd and plan is not None:
        caps.append(plan.credits(budget.max_cost_usd))
    return Limits(min(caps, default=None), budget.max_calls or None, budget.max_duration_s or None)
