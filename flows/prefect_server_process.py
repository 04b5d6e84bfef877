"""The Prefect server that runs share, as a process of its own: serves until nobody has needed it for the idle time."""

import os
import socket
import sys
import time
from pathlib import Path

from flows.prefect_rendezvous import Tenancy

CHECK_EVERY_S = 1


def main() -> None:
    """Serve on the inherited socket. Arguments: folder, registration fd, listener fd, idle seconds."""
    folder, registration_fd, listener_fd, idle_s = sys.argv[1:]
    if os.fork():
        os._exit(0)  # detached: no child of the run that started it, no zombie when it ends
    for fd in (int(registration_fd), int(listener_fd)):
        os.set_inheritable(fd, False)
    serve(Tenancy(Path(folder), int(registration_fd)), socket.socket(fileno=int(listener_fd)), float(idle_s))


def serve(tenancy: Tenancy, listener: socket.socket, idle_s: float) -> None:
    """Answer Prefect's API until the tenancy has been empty for `idle_s`."""
    import uvicorn
    from prefect.server.api.server import create_app

    unused_since: float | None = None

    async def leave_when_unused() -> None:
        nonlocal unused_since
        long_enough = unused_since is not None and time.monotonic() - unused_since >= idle_s
        if not tenancy.retire_if_unused(long_enough=long_enough or idle_s == 0):
            unused_since = None
        elif long_enough or idle_s == 0:
            server.should_exit = True
        elif unused_since is None:
            unused_since = time.monotonic()

    config = uvicorn.Config(
        create_app(ephemeral=True, final=True),
        log_level="warning",
        access_log=False,
        lifespan="on",
        callback_notify=leave_when_unused,
        timeout_notify=CHECK_EVERY_S,
        timeout_graceful_shutdown=5,
    )
    server = uvicorn.Server(config)
    server.run(sockets=[listener])


if __name__ == "__main__":
    main()
