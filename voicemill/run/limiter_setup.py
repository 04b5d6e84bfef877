"""The pace of a run, made from its settings: where each family begins, and what may be spent."""

import time
from collections.abc import Callable

from voicemill.config import Budget as BudgetSettings
from voicemill.config import Pace, Settings
from voicemill.limits.adaptive_concurrency import Bounds
from voicemill.limits.budget import Budget, Limits, Spending
from voicemill.limits.call_limiter import CallLimiter
from voicemill.model import EMBEDDED_PREFIX
from voicemill.plan.estimate import PRICE_PLANS, PricePlan
from voicemill.store.spend_ledger import Ledger

FAMILIES = ("tts", "stt")
FIRST_CONCURRENCY = 4
"""Where nothing is known: what the embedded engine can use, and where the search for a service's limit begins."""


class LedgerStore:
    """The book of a budget, kept in a results folder."""

    def __init__(self, ledger: Ledger) -> None:
        self.ledger = ledger

    def spent(self) -> Spending:
        """What earlier runs in the folder spent. Raises `StorageError` where that is not known."""
        return Spending(*self.ledger.read())

    def write(self, spending: Spending) -> None:
        """Keep it."""
        self.ledger.write(spending.credits, spending.calls)

    def sync(self) -> None:
        """Keep it over a power cut too."""
        self.ledger.sync()


def open_limiter(
    settings: Settings, service: str, ledger: Ledger, log: Callable[[str], None] = lambda _line: None
) -> CallLimiter:
    """The limiter of a run against `service`, whose results folder has this ledger. Raises `StorageError`."""
    pace, book = settings.pace, LedgerStore(ledger)
    plan = price_plan(pace)
    limits = limits_of(settings.budget, plan)
    bounds = {family: bounds_of(pace, plan, family, service) for family in FAMILIES}
    return CallLimiter(pace, bounds, Budget(limits, book.spent(), book, time.monotonic()), log)


def price_plan(pace: Pace) -> PricePlan | None:
    """The plan that the settings name, None where they name none."""
    return next((price for price in PRICE_PLANS if price.name.lower() == pace.plan), None)


def bounds_of(pace: Pace, plan: PricePlan | None, family: str, service: str) -> Bounds:
    """How many calls of `family` at once: as set, else as the plan allows to begin with, else to be found."""
    least, start, most = pace.min_concurrency, pace.start_concurrency, pace.max_concurrency
    known = plan.slots(family) if plan is not None and not start else 0
    if service.startswith(EMBEDDED_PREFIX):  # It queues and never refuses: there is no limit to be found.
        return Bounds.exactly(start or min(most, FIRST_CONCURRENCY))
    return Bounds(least, min(most, max(least, start or known or FIRST_CONCURRENCY)), most, known=bool(known))


def shared_sizes(pace: Pace) -> dict[str, int]:
    """By family, how large a limit that runs have in common is to be made where there is none; 0 where that is unknown.

    What the plan allows, else a number that was set and does not change.
    """
    plan = price_plan(pace)
    fixed = pace.max_concurrency if pace.min_concurrency == pace.max_concurrency else 0
    return {family: plan.slots(family) if plan is not None else fixed for family in FAMILIES}


def limits_of(budget: BudgetSettings, plan: PricePlan | None) -> Limits:
    """The budget in credits, calls and seconds."""
    caps = [budget.max_credits] if budget.max_credits else []
    if budget.max_cost_usd and plan is not None:
        caps.append(plan.credits(budget.max_cost_usd))
    return Limits(min(caps, default=None), budget.max_calls or None, budget.max_duration_s or None)
