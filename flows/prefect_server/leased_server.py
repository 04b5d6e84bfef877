"""The server's lifetime: it runs while a run holds a lease, then for its idle time, and completes pending writes."""

import time
from types import FrameType

import uvicorn
from prefect.server.utilities.messaging.memory import METRICS

from flows.prefect_server.lease import LeaseMonitor

TICKS_PER_CHECK = 10  # uvicorn ticks ten times a second
SETTLE_S = 1.5
STUCK_S = 30.0


class LeasedServer(uvicorn.Server):
    """A server that exits after `idle_s` without a lease. On a signal to exit it accepts no more runs at once."""

    def __init__(self, config: uvicorn.Config, leases: LeaseMonitor, idle_s: float) -> None:
        super().__init__(config)
        self._leases = leases
        self._idle_s = idle_s
        self._last_used_s = time.monotonic()
        self._traffic: dict[str, dict[str, int]] = {}

    async def on_tick(self, counter: int) -> bool:
        """Run uvicorn's periodic tick; returns true to stop the server."""
        if counter % TICKS_PER_CHECK == 0:
            self._retire_if_idle()
        return await super().on_tick(counter)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Retire on a signal to exit."""
        self._leases.retire()
        super().handle_exit(sig, frame)

    def _retire_if_idle(self) -> None:
        with self._leases.when_unused() as unused:
            if not unused or self._has_traffic():
                self._last_used_s = time.monotonic()
            elif time.monotonic() - self._last_used_s >= max(self._idle_s, self._settle_s()):
                self._leases.retire()
                self.should_exit = True

    def _has_traffic(self) -> bool:
        before, self._traffic = self._traffic, {topic: dict(counts) for topic, counts in METRICS.items()}
        return before != self._traffic

    def _settle_s(self) -> float:
        """How long to keep an unused server running.

        Prefect writes task runs in the background and discards the pending ones when it stops: its temporary server
        kept 5 and 7 of the 60 task runs of a short flow.
        """
        pending = sum(counts["published"] - counts["consumed"] for counts in self._traffic.values())
        return SETTLE_S if pending == 0 else STUCK_S
