"""The limits that a call passes before it is sent: concurrency, request rate, budget, and circuit breaker."""

import asyncio
import math
import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import TracebackType
from typing import Protocol

from voicemill.config import Pace
from voicemill.errors import CallError, Refused, SameRefusals, Throttled, VoicemillError
from voicemill.limits.adaptive_concurrency import Answered, Bounds
from voicemill.limits.adaptive_concurrency import Throttled as OneTooMany
from voicemill.limits.budget import Budget
from voicemill.limits.concurrency import ConcurrencyLimiter, Log
from voicemill.limits.retries import Retries
from voicemill.limits.service_health import ServiceHealth

_CATCH_UP_S = 0.05


@dataclass
class Rate:
    """Evenly spaced departures: in no window of `w` seconds more than `per_s * (w + 0.05) + 1`."""

    per_s: float
    next_s: float = 0.0

    def wait_s(self, now_s: float) -> float:
        """Take the next departure; how long to wait for it."""
        leaves_s = max(self.next_s, now_s - _CATCH_UP_S)
        self.next_s = leaves_s + 1 / self.per_s
        return max(0.0, leaves_s - now_s)


class Paid(Protocol):
    """A call as the pacer sees it; `list_price_credits` stands for how long it will take."""

    @property
    def family(self) -> str:
        """Which calls the service counts together with this one."""

    @property
    def credits(self) -> float:
        """What it will cost."""

    @property
    def list_price_credits(self) -> float:
        """What it would cost at Cartesia."""


class Run(Protocol):
    """The run that is paced."""

    def stop(self, error: VoicemillError | None = None) -> None:
        """Start nothing more."""

    def check_going(self) -> None:
        """Raise once the run is ending."""

    async def pause(self, seconds: float) -> None:
        """Let time pass, less where the run is ending."""


class CallLimiter:
    """Gives calls their turn. Used from one event loop; every change is logged with its reason."""

    def __init__(
        self,
        pace: Pace,
        bounds: Mapping[str, Bounds],
        budget: Budget,
        log: Log = lambda _line: None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.budget = budget
        self.clock = clock
        self.lanes = {family: ConcurrencyLimiter(family, its, log) for family, its in bounds.items()}
        self._pace = pace
        self._rate = Rate(pace.requests_per_s) if pace.requests_per_s else None
        self._refusals: Counter[tuple[type, str]] = Counter()
        self.circuit = ServiceHealth(pace, self.lanes.values, clock, log, self._stop)
        self.retries = Retries(pace, self.circuit)
        self._run: Run | None = None

    @property
    def slots(self) -> int:
        """How many calls may be in flight now, in all lanes that are in use."""
        used = [lane.slots.limit for lane in self.lanes.values() if lane.slots.held or lane.slots.waiting]
        return sum(used) or max(lane.slots.limit for lane in self.lanes.values())

    @property
    def most(self) -> int:
        """How many calls one family may ever have in flight."""
        return max(lane.state.bounds.most for lane in self.lanes.values())

    @property
    def why(self) -> str:
        """Why it is as many slots as it is."""
        busiest = max(self.lanes.values(), key=lambda lane: lane.slots.held + lane.slots.waiting)
        return busiest.why

    def serve(self, run: Run) -> None:
        """Pace `run`; to be told once, before the first turn."""
        self._run = run

    def pause(self, paused: bool) -> None:
        """Let no call begin, or let them begin again; those in flight are not touched."""
        for lane in self.lanes.values():
            lane.pause(paused)

    def limit_concurrency(self, slots: int) -> None:
        """Use so many slots for each family from now on, in place of what was set or found."""
        for lane in self.lanes.values():
            lane.settle(slots)

    def turn(self, call: Paid) -> "CallPermit":
        """The way of one call through all its attempts: `async with` it around each."""
        return CallPermit(self, self.lanes[call.family], call)

    def end(self) -> None:
        """The run is ending: let those who wait see it."""
        self.circuit.close()
        for lane in self.lanes.values():
            lane.end()

    def close(self) -> None:
        """The run has ended. Raises `StorageError`."""
        self.circuit.close()
        self.budget.write_down()
        self.budget.sync()

    async def may_leave(self) -> None:
        """Wait for a moment at which a request may leave; raise where none may any more."""
        if self._run is not None:
            self._run.check_going()
        if self._rate is not None:
            wait_s = self._rate.wait_s(self.clock())
            if wait_s > 0:
                await (self._run.pause(wait_s) if self._run is not None else asyncio.sleep(wait_s))
                if self._run is not None:
                    self._run.check_going()

    def was_answered(self) -> None:
        """A call has its answer: refusals before it had reasons of their own."""
        if self._refusals:
            self._refusals.clear()

    def was_refused(self, error: Refused) -> None:
        """A call was refused; where that happens for one reason again and again, the run ends."""
        same = (type(error), error.code)
        self._refusals[same] += 1
        if self._pace.same_refusals and self._refusals[same] >= self._pace.same_refusals:
            self._stop(
                SameRefusals(
                    f"{self._refusals[same]} calls were refused as {error.code} and none was answered in between, the "
                    f"last with: {error}; correct what they have in common and run again (pace.same_refusals = 0 asks "
                    "on regardless)"
                )
            )

    def _stop(self, error: VoicemillError) -> None:
        if self._run is not None:
            self._run.stop(error)


class CallPermit:
    """One call's turns. Entering waits for a slot and reserves the cost; leaving tells what became of the attempt."""

    __slots__ = ("__weakref__", "_call", "_is_probe", "_lane", "_pacer", "_sent_in", "_sent_s", "_taken", "attempts")

    def __init__(self, pacer: CallLimiter, lane: ConcurrencyLimiter, call: Paid) -> None:
        self.attempts = 0
        self._pacer = pacer
        self._lane = lane
        self._call = call
        self._taken = 0

    async def __aenter__(self) -> None:
        slots = self._lane.slots
        await slots.acquire(math.inf if self.attempts else self._call.list_price_credits)
        try:
            await self._pacer.may_leave()
            self._pacer.budget.reserve(self._call.credits, self._pacer.clock())
        except BaseException:
            slots.release()
            raise
        self._is_probe = self._pacer.circuit.depart()
        self.attempts += 1
        self._sent_in = self._lane.state.number
        self._sent_s = self._pacer.clock()

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        slots = self._lane.slots
        full = slots.held >= self._lane.state.slots
        try:
            self._tell(error, full)
        finally:
            slots.release()

    def has_answer(self) -> None:
        """The answer is there and good, though it is not kept yet."""
        self._pacer.was_answered()

    def _tell(self, error: BaseException | None, full: bool) -> None:
        pacer, circuit, lane = self._pacer, self._pacer.circuit, self._lane
        if isinstance(error, CallError):
            error.took_s = pacer.clock() - self._sent_s
            if error.billed == "no":
                pacer.budget.give_back(self._call.credits)
        if error is None or isinstance(error, Refused):
            circuit.answered(self._taken if error is None else 0, self)
            lane.tell(Answered(self._sent_in, full))
        elif isinstance(error, CallError) and error.retryable:
            if isinstance(error, Throttled):
                lane.tell(OneTooMany(self._sent_in))
            self._taken += circuit.failed(error, self, lane.state.slots, is_probe=self._is_probe)
        else:
            circuit.learnt_nothing(is_probe=self._is_probe)
        if isinstance(error, Refused):
            pacer.was_refused(error)
