"""The process of the shared Prefect server: `python -m flows.prefect_server.process`."""

import gc
import os
import socket
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from flows.prefect_server.lease import LeaseMonitor

if TYPE_CHECKING:
    from fastapi import FastAPI


def main() -> None:
    """Serve on the inherited socket. Arguments: folder, registration fd, listener fd, idle seconds."""
    folder, registration_fd, listener_fd, idle_s = sys.argv[1:]
    if os.fork():
        os._exit(0)  # detach, so that the server is not a child of the run and leaves no zombie process
    for fd in (int(registration_fd), int(listener_fd)):
        os.set_inheritable(fd, False)
    serve(LeaseMonitor(Path(folder), int(registration_fd)), socket.socket(fileno=int(listener_fd)), float(idle_s))


def prefect_app() -> "FastAPI":
    """Prefect's API as its temporary server runs it: no web UI, no scheduler.

    Garbage collection is off during the import, which is a fifth faster: none of what the import creates is garbage.
    """
    gc.disable()
    from prefect.server.api.server import create_app
    from prefect.server.services import perpetual_services, repossessor

    # Without this service, slots leased by a run that died are never released (`flows/shared_concurrency.py`).
    for service in perpetual_services._PERPETUAL_SERVICES:
        if service.function is repossessor.monitor_expired_leases:
            service.run_in_ephemeral = True
    app = create_app(ephemeral=True)
    gc.freeze()
    gc.enable()
    return app


def serve(leases: LeaseMonitor, listener: socket.socket, idle_s: float) -> None:
    """Serve Prefect's API until no run has held a lease for `idle_s`."""
    app = prefect_app()
    import uvicorn

    from flows.prefect_server.leased_server import LeasedServer

    config = uvicorn.Config(app, log_level="warning", access_log=False, lifespan="on", timeout_graceful_shutdown=5)
    LeasedServer(config, leases, idle_s).run(sockets=[listener])


if __name__ == "__main__":
    main()
