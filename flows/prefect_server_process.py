"""The Prefect server that runs share, as a process of its own: serves until nobody has needed it for the idle time."""

import gc
import os
import socket
import sys
import time
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING

from flows.prefect_rendezvous import Tenancy

if TYPE_CHECKING:
    from fastapi import FastAPI

TICKS_PER_CHECK = 10  # uvicorn ticks ten times a second
SETTLE_S = 1.5
STUCK_S = 30.0


def main() -> None:
    """Serve on the inherited socket. Arguments: folder, registration fd, listener fd, idle seconds."""
    folder, registration_fd, listener_fd, idle_s = sys.argv[1:]
    if os.fork():
        os._exit(0)  # detached: not a child of the run that started it, no zombie when it ends
    for fd in (int(registration_fd), int(listener_fd)):
        os.set_inheritable(fd, False)
    serve(Tenancy(Path(folder), int(registration_fd)), socket.socket(fileno=int(listener_fd)), float(idle_s))


def prefect_app() -> "FastAPI":
    """Prefect's API as for its own temporary server: no pages, no scheduler.

    The garbage collector is off while it is imported, which saves a fifth of the time: nothing of it is garbage.
    """
    gc.disable()
    from prefect.server.api.server import create_app

    app = create_app(ephemeral=True)
    gc.freeze()
    gc.enable()
    return app


def serve(tenancy: Tenancy, listener: socket.socket, idle_s: float) -> None:
    """Answer Prefect's API until the tenancy has been empty for `idle_s`."""
    app = prefect_app()
    import uvicorn
    from prefect.server.utilities.messaging.memory import METRICS

    class LeasedServer(uvicorn.Server):
        """Ends when it is unused, and takes no more runs as soon as it is told to end."""

        def __init__(self, config: uvicorn.Config) -> None:
            super().__init__(config)
            self.used_at = time.monotonic()
            self.traffic: dict[str, dict[str, int]] = {}

        async def on_tick(self, counter: int) -> bool:
            if counter % TICKS_PER_CHECK == 0:
                self._retire_if_idle()
            return await super().on_tick(counter)

        def handle_exit(self, sig: int, frame: FrameType | None) -> None:
            tenancy.retire()
            super().handle_exit(sig, frame)

        def _retire_if_idle(self) -> None:
            with tenancy.when_unused() as unused:
                if not unused or self._has_traffic():
                    self.used_at = time.monotonic()
                elif time.monotonic() - self.used_at >= max(idle_s, self._settle_s()):
                    tenancy.retire()
                    self.should_exit = True

        def _has_traffic(self) -> bool:
            before, self.traffic = self.traffic, {topic: dict(counts) for topic, counts in METRICS.items()}
            return before != self.traffic

        def _settle_s(self) -> float:
            """Events still wait to be written after the last run has ended; Prefect drops them when it is stopped."""
            waiting = sum(counts["published"] - counts["consumed"] for counts in self.traffic.values())
            return SETTLE_S if waiting == 0 else STUCK_S

    config = uvicorn.Config(app, log_level="warning", access_log=False, lifespan="on", timeout_graceful_shutdown=5)
    LeasedServer(config).run(sockets=[listener])


if __name__ == "__main__":
    main()
