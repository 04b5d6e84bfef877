"""The server's life: it stays while runs hold a lease, then for its idle time, and never goes with work undone."""

import time
from types import FrameType

import uvicorn
from prefect.server.utilities.messaging.memory import METRICS

from flows.prefect_server.lease import Tenancy

TICKS_PER_CHECK = 10  # uvicorn ticks ten times a second
SETTLE_S = 1.5
STUCK_S = 30.0


class LeasedServer(uvicorn.Server):
    """Ends when it has been unused for `idle_s`, and takes no more runs as soon as it is told to end."""

    def __init__(self, config: uvicorn.Config, tenancy: Tenancy, idle_s: float) -> None:
        super().__init__(config)
        self._tenancy = tenancy
        self._idle_s = idle_s
        self._used_at = time.monotonic()
        self._traffic: dict[str, dict[str, int]] = {}

    async def on_tick(self, counter: int) -> bool:
        """Uvicorn's own heartbeat; true ends the server."""
        if counter % TICKS_PER_CHECK == 0:
            self._retire_if_idle()
        return await super().on_tick(counter)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """A signal to end."""
        self._tenancy.retire()
        super().handle_exit(sig, frame)

    def _retire_if_idle(self) -> None:
        with self._tenancy.when_unused() as unused:
            if not unused or self._has_traffic():
                self._used_at = time.monotonic()
            elif time.monotonic() - self._used_at >= max(self._idle_s, self._settle_s()):
                self._tenancy.retire()
                self.should_exit = True

    def _has_traffic(self) -> bool:
        before, self._traffic = self._traffic, {topic: dict(counts) for topic, counts in METRICS.items()}
        return before != self._traffic

    def _settle_s(self) -> float:
        """How long to stay though unused: Prefect writes task runs behind the run, and forgets them when stopped.

        Its own temporary server kept 5 and 7 of the 60 task runs of a short flow.
        """
        waiting = sum(counts["published"] - counts["consumed"] for counts in self._traffic.values())
        return SETTLE_S if waiting == 0 else STUCK_S
