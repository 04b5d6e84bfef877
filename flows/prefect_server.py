"""One Prefect server for all runs of a user: reused where it runs, started early where it does not.

Imports no Prefect, so that the server boots while the command still reads its manifest. How runs and server find and
leave each other is told in `flows/prefect_rendezvous.py`.
"""

import atexit
import gc
import http.client
import json
import os
import socket
import subprocess
import time
from contextlib import closing
from importlib.metadata import version
from pathlib import Path
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit

from flows.prefect_configuration import adopt_environment, prefect_home, quiet_prefect_logging, user_settings
from flows.prefect_delivery import deliver_pending
from flows.prefect_launch import idle_s, launch
from flows.prefect_rendezvous import Rendezvous
from voicemill.config import LOOPBACK_HOSTS
from voicemill.errors import ConfigError

DEFAULT_API_URL = "http://127.0.0.1:4200/api"
START_TIMEOUT_S = 300.0
STOP_TIMEOUT_S = 60.0


class ServerLease:
    """A run's hold on a Prefect server: the server stays at least until `release` or the end of the process.

    Without a rendezvous the server is the user's own and is left as it is.
    """

    def __init__(
        self, api_url: str, rendezvous: Rendezvous | None = None, launcher: subprocess.Popen[bytes] | None = None
    ) -> None:
        self.api_url = api_url
        self.sets_environment = False
        self._rendezvous = rendezvous
        self._launcher = launcher

    def wait_until_ready(self, timeout_s: float = START_TIMEOUT_S) -> str:
        """The address of the API, once the server answers there.

        Raises `ConfigError`: our server does not start (its log is named), or the user's own on this machine is down.
        """
        _import_engine()
        if self._rendezvous is not None:
            self._wait_for_start(self._rendezvous, time.monotonic() + timeout_s)
        elif urlsplit(self.api_url).hostname in LOOPBACK_HOSTS and not answers(self.api_url, "/health", timeout_s=10):
            raise ConfigError(_nobody_answers(self.api_url))
        return self.api_url

    def _wait_for_start(self, rendezvous: Rendezvous, deadline: float) -> None:
        self._join_launcher()
        while not answers(self.api_url, "/health", max(0.1, deadline - time.monotonic())):
            if time.monotonic() > deadline or not rendezvous.is_served():
                raise ConfigError(_not_started(rendezvous.log_path))
            time.sleep(0.05)

    def release(self) -> None:
        """Let the server go, when it has all of the run; it leaves when nobody has held it for its idle time.

        With an idle time of 0 this waits for the server's end.
        """
        if self._rendezvous is not None:
            self._join_launcher()
            deliver_pending()
            if idle_s() == 0:
                self._rendezvous.wait_until_gone(STOP_TIMEOUT_S)
            self._rendezvous.leave()
        if self.sets_environment and os.environ.get("PREFECT_API_URL") == self.api_url:
            del os.environ["PREFECT_API_URL"]  # else the next lease would take our address for the user's

    def _join_launcher(self) -> None:
        if self._launcher is not None:
            self._launcher.wait()
            self._launcher = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.release()


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
    return _shared_server(settings)


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


def _shared_server(settings: dict[str, str]) -> ServerLease:
    rendezvous = Rendezvous.join(prefect_home(settings), version("prefect"), settings)
    with rendezvous.starting() as registration:
        if registration.api_url is not None:
            return ServerLease(registration.api_url, rendezvous)
        with socket.create_server(("127.0.0.1", 0)) as listener:
            api_url = f"http://127.0.0.1:{listener.getsockname()[1]}/api"
            registration.write(api_url)
            return ServerLease(api_url, rendezvous, launch(rendezvous, registration.fileno(), listener.fileno()))


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
