"""One Prefect server for all runs of a user: reuse a running one, else start one early.

This module does not import Prefect, so the server starts while the command still reads its manifest. The file locks
between runs and server are described in `flows/prefect_server/lease.py`.
"""

import atexit
import gc
import http.client
import json
import os
import sys
import threading
import time
from contextlib import closing
from importlib.metadata import version
from pathlib import Path
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit

from flows.prefect_server.launch import find_or_launch, idle_s
from flows.prefect_server.lease import LeaseLock
from flows.prefect_server.settings import adopt_environment, prefect_home, quiet_prefect_logging, user_settings
from flows.prefect_server.supervisor import ServerSupervisor
from voicemill.config import LOOPBACK_HOSTS
from voicemill.errors import ConfigError

DEFAULT_API_URL = "http://127.0.0.1:4200/api"
START_TIMEOUT_S = 300.0
STOP_TIMEOUT_S = 60.0
FLUSH_TIMEOUT_S = 10.0


class ServerLease:
    """A run's use of a Prefect server. This class is for a server that the user runs; it never stops that server."""

    def __init__(self, api_url: str) -> None:
        self.api_url = api_url
        self.sets_environment = False

    def wait_until_ready(self) -> str:
        """Wait until the server responds and return the API's address. Raises `ConfigError` if it does not."""
        if urlsplit(self.api_url).hostname in LOOPBACK_HOSTS and not fetch(self.api_url, "/health", timeout_s=10):
            raise ConfigError(_unreachable(self.api_url))
        _import_prefect_engine()
        return self.api_url

    def release(self) -> None:
        """Stop using the server. A second call has no effect."""
        if self.sets_environment and os.environ.get("PREFECT_API_URL") == self.api_url:
            del os.environ["PREFECT_API_URL"]  # else the next lease would mistake our address for the user's setting

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.release()


class SharedServerLease(ServerLease):
    """A lease on the shared server, which keeps running at least until `release` or the end of this process."""

    def __init__(self, lock: LeaseLock) -> None:
        api_url, self._launcher = find_or_launch(lock)
        super().__init__(api_url)
        self._lock = lock
        self._supervisor = ServerSupervisor(lock, api_url)

    def wait_until_ready(self) -> str:
        """Wait until the server responds and return the API's address. Raises `ConfigError` that names its log."""
        _import_prefect_engine()
        self._join_launcher()
        deadline = time.monotonic() + START_TIMEOUT_S
        while not fetch(self.api_url, "/health", max(0.1, deadline - time.monotonic())):
            if time.monotonic() > deadline or not self._lock.is_server_alive():
                raise ConfigError(_not_started(self._lock.log_path))
            time.sleep(0.05)
        self._supervisor.start()
        return self.api_url

    def release(self) -> None:
        """Send what Prefect still buffers, then release the lease.

        The server exits after its idle time without a lease. With an idle time of 0 this method waits for its exit.
        """
        self._join_launcher()
        flush_prefect_buffers()
        self._supervisor.stop()
        if idle_s() == 0:
            self._lock.wait_for_server_exit(STOP_TIMEOUT_S)
        self._lock.release()
        super().release()

    def _join_launcher(self) -> None:
        if self._launcher is not None:
            self._launcher.wait()
            self._launcher = None


def ensure_server() -> ServerLease:
    """Find or start a Prefect server and return at once. Call this before `import prefect`.

    The order is: the server that the user configured, a server of the same version at Prefect's default address, the
    server that another run started, a new one. Sets `PREFECT_API_URL` for everything imported and started later.
    """
    settings = user_settings()
    quiet_prefect_logging()
    lease = _lease(settings)
    if lease.api_url != settings.get("PREFECT_API_URL"):
        os.environ["PREFECT_API_URL"] = lease.api_url
        lease.sets_environment = True
    adopt_environment()
    # Without it, the interpreter's last garbage collection traverses all of Prefect: 0.25 s of CPU at each exit.
    atexit.register(gc.freeze)
    return lease


def _lease(settings: dict[str, str]) -> ServerLease:
    if settings.get("PREFECT_API_URL"):
        return ServerLease(settings["PREFECT_API_URL"])
    if _runs_our_version(DEFAULT_API_URL):
        return ServerLease(DEFAULT_API_URL)
    return SharedServerLease(LeaseLock.acquire(prefect_home(settings), version("prefect"), settings))


def fetch(api_url: str, path: str, timeout_s: float) -> bytes | None:
    """The body of a GET response with status 200; None for any other status and for connection errors."""
    address = urlsplit(api_url)
    with closing(http.client.HTTPConnection(address.hostname or "", address.port, timeout=timeout_s)) as connection:
        try:
            connection.request("GET", address.path.rstrip("/") + path)
            response = connection.getresponse()
            return response.read() if response.status == http.client.OK else None
        except (OSError, http.client.HTTPException):
            return None


def flush_prefect_buffers(timeout_s: float = FLUSH_TIMEOUT_S) -> None:
    """Send the events and logs that Prefect's background workers still buffer in this process."""
    if "prefect.events.worker" in sys.modules:
        # In a thread, because Prefect's workers cannot be awaited from inside an event loop.
        flush = threading.Thread(target=_flush, args=(timeout_s,), daemon=True)
        flush.start()
        flush.join(timeout_s)


def _flush(timeout_s: float) -> None:
    from prefect.events.worker import EventsWorker
    from prefect.logging.handlers import APILogWorker

    EventsWorker.drain_all(timeout=timeout_s)
    APILogWorker.drain_all(timeout=timeout_s)


def _runs_our_version(api_url: str) -> bool:
    body = fetch(api_url, "/admin/version", timeout_s=2)
    return body is not None and body == json.dumps(version("prefect")).encode()


def _import_prefect_engine() -> None:
    """Import now what Prefect imports at the first flow run; the server starts meanwhile, so this costs no time."""
    import fastapi.encoders  # noqa: F401
    import prefect.flow_engine
    import prefect.task_engine  # noqa: F401


def _not_started(log_path: Path) -> str:
    return (
        f"The Prefect server that records this run did not start. See its log: {log_path}\n"
        "Fix the cause, or set PREFECT_API_URL to the address of a running Prefect server."
    )


def _unreachable(api_url: str) -> str:
    return (
        f"Prefect is configured to use the server at {api_url}, but nothing responds there.\n"
        "Start it with `prefect server start`, or remove PREFECT_API_URL from your environment or Prefect profile: "
        "voicemill then starts a server itself."
    )
