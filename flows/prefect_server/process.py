"""The Prefect server that runs share, as a process of its own: serves until nobody has needed it for the idle time."""

import gc
import os
import socket
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from flows.prefect_server.lease import Tenancy

if TYPE_CHECKING:
    from fastapi import FastAPI


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
    from prefect.server.services import perpetual_services, repossessor

    # Else slots that were leased by a run that died would never come back (`flows/shared_concurrency.py`).
    for service in perpetual_services._PERPETUAL_SERVICES:
        if service.function is repossessor.monitor_expired_leases:
            service.run_in_ephemeral = True
    app = create_app(ephemeral=True)
    gc.freeze()
    gc.enable()
    return app


def serve(tenancy: Tenancy, listener: socket.socket, idle_s: float) -> None:
    """Answer Prefect's API until the tenancy has been empty for `idle_s`."""
    app = prefect_app()
    import uvicorn

    from flows.prefect_server.leased_server import LeasedServer

    config = uvicorn.Config(app, log_level="warning", access_log=False, lifespan="on", timeout_graceful_shutdown=5)
    LeasedServer(config, tenancy, idle_s).run(sockets=[listener])


if __name__ == "__main__":
    main()
