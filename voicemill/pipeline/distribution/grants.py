"""What each worker of a run may use: slots of each call family, and a part of the budget."""

import time
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from voicemill.config import Settings
from voicemill.limits.budget import Spending
from voicemill.limits.concurrency import ConcurrencyLimiter
from voicemill.limits.shares import BudgetShare, SlotShare, deal_budget, deal_slots, is_used_up
from voicemill.model import EMBEDDED_PREFIX
from voicemill.pipeline.context import RunContext
from voicemill.pipeline.distribution.worker_files import DRIVER_TIMEOUT_S, Grant, SlotUse, WorkerState
from voicemill.pipeline.limiter_setup import FIRST_CONCURRENCY

_CALLS_AHEAD: Final = 4
"""Calls per slot that a worker may start before its next grant."""

_SECONDS_AHEAD: Final = 2.0

_READ_DELAY_S: Final = 5.0
"""How much later than its last known state a worker may have read the driver's."""


@dataclass(slots=True)
class _Speed:
    """The credits and calls per second of a worker."""

    at_s: float
    credits: float = 0.0
    calls: float = 0.0
    credits_per_s: float = 0.0
    calls_per_s: float = 0.0

    def measure(self, state: WorkerState, now_s: float) -> None:
        """Update the speed from a newer state, at most once a second."""
        seconds = now_s - self.at_s
        if seconds >= 1:
            self.credits_per_s = max(0.0, state.credits - self.credits) / seconds
            self.calls_per_s = max(0.0, state.calls - self.calls) / seconds
            self.at_s, self.credits, self.calls = now_s, state.credits, state.calls


@dataclass(frozen=True, slots=True)
class LostWorker:
    """What a lost worker has spent, and when its last sign of life came."""

    spent: Spending
    last_seen_s: float


class Grants:
    """The grants of the workers of one run; `are_local` if all workers share this machine and its cores."""

    def __init__(self, context: RunContext, *, are_local: bool) -> None:
        spent = context.limiter.budget.spent
        self.spent_before = (spent.credits, spent.calls)
        self.by_worker: dict[str, Grant] = {}
        self.unaffordable: float | None = None
        """The price of a call that the rest of the budget cannot pay for; None while there is none."""
        self._context, self._are_local = context, are_local
        self._has_own_cores = context.service.startswith(EMBEDDED_PREFIX) and not are_local
        self._speeds: dict[str, _Speed] = {}
        self._unconfirmed: dict[str, list[tuple[int, Grant]]] = {}
        self._ended = Spending()

    @property
    def fixed_slots(self) -> dict[str, int]:
        """The totals that do not adapt to the service, by family."""
        limits = {} if self._has_own_cores else self._context.limiter.by_family
        return {name: each.total for name, each in limits.items() if each.is_fixed}

    @property
    def slots_in_use(self) -> int:
        """The slots of all workers, over the families in use."""
        granted = [
            (limiter.wanted, sum((grant.slots or {}).get(family, 0) for grant in self.by_worker.values()))
            for family, limiter in self._context.limiter.by_family.items()
        ]
        return sum(slots for wanted, slots in granted if wanted) or max(slots for _, slots in granted)

    def update(self, states: Mapping[str, WorkerState], lost: Mapping[str, LostWorker], beat: int) -> None:
        """Compute all grants from the states of the workers, some of them `lost`, for the heartbeat `beat`."""
        now_s = time.monotonic()
        for name, state in states.items():
            self._unconfirmed[name] = [each for each in self._unconfirmed.get(name, ()) if each[0] > state.seen_beat]
        living = {name: state for name, state in states.items() if name not in lost and not state.has_ended}
        for name, state in living.items():
            self._speeds.setdefault(name, _Speed(now_s)).measure(state, now_s)
        slots = self._deal_slots(living, states, lost)
        ended = [Spending(state.credits, state.calls) for name, state in states.items() if state.has_ended]
        self._record_spending(living.values(), [*(each.spent for each in lost.values()), *ended])
        credits, calls = self._deal_budget(living, slots)
        self.by_worker = {
            name: Grant(slots.get(name), credits.get(name), None if name not in calls else int(calls[name]))
            for name in living
        } | {name: self.by_worker.get(name, Grant({}, 0.0, 0)) for name in states if name not in living}
        for name in living:
            self._unconfirmed[name].append((beat, self.by_worker[name]))

    def most_spent(self, name: str, state: WorkerState | None) -> Spending:
        """The most that a worker may have spent, by its last report and by every grant that it may have read since."""
        spent = [self.by_worker.get(name, Grant()).budget, self._largest_limit(name, state)]
        if state is not None:
            spent.append(Spending(state.credits, state.calls))
        return _largest(spent)

    def _largest_limit(self, name: str, state: WorkerState | None) -> Spending:
        """The larger one of the limit that a worker has reported and of those that it may have read since."""
        reported = Grant() if state is None else Grant(None, state.credits_limit, state.calls_limit)
        return _largest([grant.budget for grant in (reported, *self._may_use(name))])

    def _may_use(self, name: str) -> list[Grant]:
        """The grants that a worker may have read since its last report, also those that were lowered again."""
        return [grant for _, grant in self._unconfirmed.get(name, ())]

    def _deal_slots(
        self, living: Mapping[str, WorkerState], states: Mapping[str, WorkerState], lost: Mapping[str, LostWorker]
    ) -> dict[str, dict[str, int]]:
        """The slots of each worker by family. Lost workers on other machines keep theirs until they have stopped."""
        slots: dict[str, dict[str, int]] = {name: {} for name in living}
        may_call = [name for name, worker in lost.items() if name in states and self._may_still_call(worker)]
        for family, limiter in self._context.limiter.by_family.items():
            shares = {name: self._slot_share(name, state, family) for name, state in living.items()}
            held_by_lost = sum(self._slot_share(name, states[name], family).most_used for name in may_call)
            granted = deal_slots(max(0, _total(limiter) - held_by_lost), shares)
            for name, count in granted.items():
                slots[name][family] = count
            shares = {name: replace(share, granted=granted[name]) for name, share in shares.items()}
            wanted = sum(share.wanted for share in shares.values())
            limiter.used_by_workers = (held_by_lost + sum(share.most_used for share in shares.values()), wanted)
        return {} if self._has_own_cores else slots

    def _may_still_call(self, worker: LostWorker) -> bool:
        """Whether a lost worker may be alive and not know yet that it is replaced; on this machine it was killed."""
        return not self._are_local and worker.last_seen_s > time.monotonic() - DRIVER_TIMEOUT_S - _READ_DELAY_S

    def _slot_share(self, name: str, state: WorkerState, family: str) -> SlotShare:
        granted = (self.by_worker[name].slots or {}).get(family, 0) if name in self.by_worker else 0
        use = state.slots.get(family, SlotUse(0, 0, 0))
        limit = max(use.limit, *((grant.slots or {}).get(family, 0) for grant in self._may_use(name)), 0)
        return SlotShare(granted, limit, use.held, use.wanted)

    def _record_spending(self, living: Collection[WorkerState], others: Collection[Spending]) -> None:
        """Add up the spending of all workers, and remember how much `others` spent, who make no more calls."""
        self._ended = Spending(sum(each.credits for each in others), sum(each.calls for each in others))
        credits, calls = self.spent_before
        budget = self._context.limiter.budget
        budget.spent = Spending(
            credits + self._ended.credits + sum(state.credits for state in living),
            calls + self._ended.calls + sum(state.calls for state in living),
        )

    def _deal_budget(
        self, living: Mapping[str, WorkerState], slots: Mapping[str, Mapping[str, int]]
    ) -> tuple[dict[str, float], dict[str, float]]:
        """The credits and the calls of each worker, counted since its start; none where there is no limit."""
        limits, self.unaffordable = self._context.limiter.budget.limits, None
        count = {name: sum(slots.get(name, {}).values()) or 1 for name in living}
        credits = {name: self._credit_share(name, state, count[name]) for name, state in living.items()}
        calls = {name: self._call_share(name, state, count[name]) for name, state in living.items()}
        return (
            self._dealt(limits.credits, self.spent_before[0] + self._ended.credits, credits, living),
            self._dealt(limits.calls, self.spent_before[1] + self._ended.calls, calls, living),
        )

    def _dealt(
        self, limit: float | None, spent: float, shares: Mapping[str, BudgetShare], living: Mapping[str, WorkerState]
    ) -> dict[str, float]:
        if limit is None:
            return {}
        if is_used_up(limit - spent, shares):
            needed = [state.needed_credits for state in living.values() if state.needed_credits is not None]
            self.unaffordable = min(needed, default=0.0)
        return deal_budget(limit - spent, shares)

    def _credit_share(self, name: str, state: WorkerState, slots: int) -> BudgetShare:
        needed, price = state.needed_credits or 0.0, state.credits / max(1, state.calls)
        ahead = max(_CALLS_AHEAD * slots * price, _SECONDS_AHEAD * self._speeds[name].credits_per_s)
        granted = self.by_worker[name].credits or 0.0 if name in self.by_worker else 0.0
        return BudgetShare(granted, self._largest_limit(name, state).credits, state.credits, needed, ahead)

    def _call_share(self, name: str, state: WorkerState, slots: int) -> BudgetShare:
        needed = 0 if state.needed_credits is None else 1
        ahead = max(_CALLS_AHEAD * slots, _SECONDS_AHEAD * self._speeds[name].calls_per_s)
        granted = self.by_worker[name].calls or 0 if name in self.by_worker else 0
        return BudgetShare(granted, self._largest_limit(name, state).calls, state.calls, needed, ahead)


def _largest(amounts: Collection[Spending]) -> Spending:
    return Spending(max(each.credits for each in amounts), max(each.calls for each in amounts))


def _total(limiter: ConcurrencyLimiter) -> int:
    return limiter.total if limiter.share is None else min(limiter.total, limiter.share)


def settings_of_worker(settings: Settings, workers: int) -> Settings:
    """The settings of one of several workers. The driver grants slots and budget and counts failed rows itself."""
    pace = settings.pace
    changes: dict[str, object] = {"fail_on_error": 0.0, "requests_per_s": pace.requests_per_s / workers}
    if not pace.plan and pace.min_concurrency < pace.max_concurrency:  # Each worker searches for its part of the limit.
        start = max(1, (pace.start_concurrency or FIRST_CONCURRENCY) // workers)
        changes |= {"min_concurrency": 1, "start_concurrency": start}
    answers = str(Path(settings.answers).expanduser().absolute()) if settings.answers else ""
    return settings.model_copy(update={"pace": pace.model_copy(update=changes), "answers": answers})
