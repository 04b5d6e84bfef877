"""One Prefect server for all runs of a user: reused where it runs, started early where it does not.

Imports no Prefect, so that the server boots while the command still reads its manifest. How runs and server find and
leave each other is told in `flows/prefect_server/lease.py`.
"""

import atexit
import gc
import http.client
import json
import os
import time
from contextlib import closing
from importlib.metadata import version
from pathlib import Path
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit

from flows.prefect_server.delivery import deliver_pending
from flows.prefect_server.launch import find_or_launch, idle_s
from flows.prefect_server.lease import Rendezvous
from flows.prefect_server.settings import adopt_environment, prefect_home, quiet_prefect_logging, user_settings
from flows.prefect_server.supervisor import Watch
from voicemill.config import LOOPBACK_HOSTS
from voicemill.errors import ConfigError

DEFAULT_API_URL = "http://127.0.0.1:4200/api"
START_TIMEOUT_S = 300.0
STOP_TIMEOUT_S = 60.0


class ServerLease:
    """A run's hold on a Prefect server. This one is the user's own, and left as it is."""

    def __init__(self, api_url: str) -> None:
        self.api_url = api_url
        self.sets_environment = False

    def wait_until_ready(self) -> str:
        """The address of the API, once the server answers there. Raises `ConfigError` that says what is to be done."""
        _import_engine()
        if urlsplit(self.api_url).hostname in LOOPBACK_HOSTS and not answers(self.api_url, "/health", timeout_s=10):
            raise ConfigError(_nobody_answers(self.api_url))
        return self.api_url

    def release(self) -> None:
        """Let the server go; harmless when done twice."""
        if self.sets_environment and os.environ.get("PREFECT_API_URL") == self.api_url:
            del os.environ["PREFECT_API_URL"]  # else the next lease would take our address for the user's

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.release()


class SharedServerLease(ServerLease):
    """A hold on the server that all runs share: it stays at least until `release` or the end of the process."""

    def __init__(self, rendezvous: Rendezvous) -> None:
        api_url, self._launcher = find_or_launch(rendezvous)
        super().__init__(api_url)
        self._rendezvous = rendezvous
        self._watch = Watch(rendezvous, api_url)

    def wait_until_ready(self) -> str:
        """The address of the API, once the server answers there. Raises `ConfigError` that names the server's log."""
        _import_engine()
        self._join_launcher()
        deadline = time.monotonic() + START_TIMEOUT_S
        while not answers(self.api_url, "/health", max(0.1, deadline - time.monotonic())):
            if time.monotonic() > deadline or not self._rendezvous.is_served():
                raise ConfigError(_not_started(self._rendezvous.log_path))
            time.sleep(0.05)
        self._watch.start()
        return self.api_url

    def release(self) -> None:
        """Let the server go when it has all of the run; it leaves when nobody has held it for its idle time.

        With an idle time of 0 this waits for the server's end.
        """
        self._join_launcher()
        deliver_pending()
        self._watch.stop()
        if idle_s() == 0:
            self._rendezvous.wait_until_gone(STOP_TIMEOUT_S)
        self._rendezvous.leave()
        super().release()

    def _join_launcher(self) -> None:
        if self._launcher is not None:
            self._launcher.wait()
            self._launcher = None


def ensure_server() -> ServerLease:
    """Begin to have a Prefect server, and return at once; to be called before `import prefect`.

    In this order: the server that the user configured, a server of our version at Prefect's default address, the one
    that another run has started, a new one. Sets `PREFECT_API_URL` for all that is imported and started later.
    """
    settings = user_settings()
    quiet_prefect_logging()
    lease = _lease(settings)
    if lease.api_url != settings.get("PREFECT_API_URL"):
        os.environ["PREFECT_API_URL"] = lease.api_url
        lease.sets_environment = True
    adopt_environment()
    # Else the interpreter's last collection walks through all of Prefect: 0.25 s of CPU at the end of every run.
    atexit.register(gc.freeze)
    return lease


def _lease(settings: dict[str, str]) -> ServerLease:
    if settings.get("PREFECT_API_URL"):
        return ServerLease(settings["PREFECT_API_URL"])
    if _is_our_version(DEFAULT_API_URL):
        return ServerLease(DEFAULT_API_URL)
    return SharedServerLease(Rendezvous.join(prefect_home(settings), version("prefect"), settings))


def answers(api_url: str, path: str, timeout_s: float) -> bytes | None:
    """The body of a 200 to a GET, None for everything else."""
    address = urlsplit(api_url)
    with closing(http.client.HTTPConnection(address.hostname or "", address.port, timeout=timeout_s)) as connection:
        try:
            connection.request("GET", address.path.rstrip("/") + path)
            response = connection.getresponse()
            return response.read() if response.status == http.client.OK else None
        except (OSError, http.client.HTTPException):
            return None


def _is_our_version(api_url: str) -> bool:
    body = answers(api_url, "/admin/version", timeout_s=2)
    return body is not None and body == json.dumps(version("prefect")).encode()


def _import_engine() -> None:
    """Import what Prefect puts off until the first flow run: while the server boots, it costs no time."""
    import fastapi.encoders  # noqa: F401
    import prefect.flow_engine
    import prefect.task_engine  # noqa: F401


def _not_started(log_path: Path) -> str:
    return (
        f"The Prefect server that records this run did not start. Its log is {log_path}.\n"
        "Look there for the reason, or set PREFECT_API_URL to the address of a Prefect server that runs."
    )


def _nobody_answers(api_url: str) -> str:
    return (
        f"Prefect is set up to use the server at {api_url}, but none answers there.\n"
        "Start it with `prefect server start`, or take PREFECT_API_URL out of your environment or Prefect profile: "
        "then voicemill starts one itself."
    )
