"""One Prefect server for all runs of a user: reused where it runs, started early where it does not.

Imports no Prefect, so that the server boots while the command still reads its manifest. How runs and server find and
leave each other is told in `flows/prefect_rendezvous.py`.
"""

import http.client
import json
import os
import socket
import subprocess
import sys
import time
from contextlib import closing
from importlib.metadata import version
from pathlib import Path
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit

from flows.prefect_configuration import adopt_environment, prefect_home, quiet_prefect_logging, user_settings
from flows.prefect_rendezvous import Rendezvous
from voicemill.errors import ConfigError

DEFAULT_API_URL = "http://127.0.0.1:4200/api"
START_TIMEOUT_S = 300.0
DEFAULT_IDLE_S = 300.0


class ServerLease:
    """A run's hold on a Prefect server: the server stays at least until `release` or the end of the process.

    Without a rendezvous the server is the user's own and is left as it is.
    """

    def __init__(
        self, api_url: str, rendezvous: Rendezvous | None = None, starting: subprocess.Popen[bytes] | None = None
    ) -> None:
        self.api_url = api_url
        self.sets_environment = False
        self._rendezvous = rendezvous
        self._starting = starting

    def wait_until_ready(self, timeout_s: float = START_TIMEOUT_S) -> str:
        """The address of the API, once the server answers there. Raises `ConfigError` that names the server's log."""
        if self._rendezvous is not None:
            self._join_launcher()
            deadline = time.monotonic() + timeout_s
            while not answers(self.api_url, "/health", max(0.1, deadline - time.monotonic())):
                if time.monotonic() > deadline or not self._rendezvous.is_served():
                    raise ConfigError(_not_started(self._rendezvous.log_path))
                time.sleep(0.05)
        return self.api_url

    def release(self) -> None:
        """Let the server go; it leaves when nobody has held it for its idle time."""
        self._join_launcher()
        if self._rendezvous is not None:
            self._rendezvous.leave()
        if self.sets_environment and os.environ.get("PREFECT_API_URL") == self.api_url:
            del os.environ["PREFECT_API_URL"]  # else the next lease would take our address for the user's

    def _join_launcher(self) -> None:
        if self._starting is not None:
            self._starting.wait()
            self._starting = None

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
            connection.request("GET", address.path + path)
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
            return ServerLease(api_url, rendezvous, _launch(rendezvous, registration.fileno(), listener.fileno()))


def _launch(rendezvous: Rendezvous, registration_fd: int, listener_fd: int) -> subprocess.Popen[bytes]:
    """Start the server process; it detaches itself, so what is returned ends within milliseconds."""
    package_root = str(Path(__file__).parent.parent)
    search_path = os.pathsep.join(filter(None, (package_root, os.environ.get("PYTHONPATH"))))
    idle_s = os.environ.get("VOICEMILL_PREFECT_IDLE_S") or str(DEFAULT_IDLE_S)
    command = [sys.executable, "-P", "-m", "flows.prefect_server_process"]
    arguments = [str(rendezvous.folder), str(registration_fd), str(listener_fd), idle_s]
    with rendezvous.log_path.open("wb") as log:
        return subprocess.Popen(  # noqa: S603 - our own interpreter and module
            command + arguments,
            env=os.environ | {"PYTHONPATH": search_path},
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            pass_fds=(registration_fd, listener_fd),
            start_new_session=True,
        )


def _not_started(log_path: Path) -> str:
    return (
        f"The Prefect server that records this run did not start. Its log is {log_path}.\n"
        "Look there for the reason, or set PREFECT_API_URL to the address of a Prefect server that runs."
    )
