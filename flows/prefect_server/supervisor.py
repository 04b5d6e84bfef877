"""Restarts the shared server at the same address if it dies during a run, so that the run is not affected."""

import threading
from contextlib import suppress
from urllib.parse import urlsplit

from flows.prefect_server.launch import find_or_launch
from flows.prefect_server.lease import LeaseLock

CHECK_INTERVAL_S = 2.0


class ServerSupervisor:
    """Checks the server of a lease from a thread, between `start` and `stop`.

    Prefect's client retries for two and a half minutes before a run crashes; a restart takes seconds.
    """

    def __init__(self, lease: LeaseLock, api_url: str) -> None:
        self._lease = lease
        self._port = urlsplit(api_url).port or 0
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._supervise, name="prefect-server-supervisor", daemon=True)

    def start(self) -> None:
        """Start the thread. A second call has no effect."""
        if not self._thread.is_alive():
            self._thread.start()

    def stop(self) -> None:
        """Stop the thread without another restart of the server."""
        self._stopped.set()
        if self._thread.is_alive():
            self._thread.join()

    def _supervise(self) -> None:
        while not self._stopped.wait(CHECK_INTERVAL_S):
            # On a full disk or a taken port the next check retries; Prefect's client reports a missing server.
            with suppress(OSError):
                self._restart_if_dead()

    def _restart_if_dead(self) -> None:
        if self._lease.is_server_alive():
            return
        _, launcher = find_or_launch(self._lease, self._port)
        if launcher is not None:
            launcher.wait()
