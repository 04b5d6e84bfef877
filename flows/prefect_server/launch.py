"""The start of the shared Prefect server as a process that outlives the run."""

import os
import re
import socket
import subprocess
import sys
from pathlib import Path

from flows.prefect_server.lease import Rendezvous
from flows.prefect_server.settings import user_settings
from voicemill.errors import ConfigError

IDLE_VARIABLE = "VOICEMILL_PREFECT_IDLE_S"
# An idle server takes 1.1 % of a core, a cold start about 2 s of CPU: after this time waiting has cost as much.
DEFAULT_IDLE_S = 180.0
LOG_LIMIT_BYTES = 1_000_000

SERVER_SETTINGS = {
    "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
    # Prefect lets the pages of every website ask it; this server shows no pages, so none has to.
    "PREFECT_SERVER_CORS_ALLOWED_ORIGINS": "http://127.0.0.1",
    # For Prefect's pages, which this server does not show; the server that shows them registers them itself.
    "PREFECT_SERVER_REGISTER_BLOCKS_ON_START": "false",
    # One transaction for many states of task runs in place of one for each: a third of the CPU of 240 task runs.
    "PREFECT_SERVER_SERVICES_TASK_RUN_RECORDER_BATCH_SIZE": "50",
    "PREFECT_SERVER_SERVICES_TASK_RUN_RECORDER_FLUSH_INTERVAL": "1",
    # In memory they would go with the server, and the slots that they are for would stay taken for ever.
    "PREFECT_SERVER_CONCURRENCY_LEASE_STORAGE": "prefect.server.concurrency.lease_storage.filesystem",
}
# The server outlives the run, so it is given nothing of the environment but what it needs: no keys.
SERVER_ENVIRONMENT = re.compile(
    r"PREFECT_(?!API_KEY|API_AUTH_STRING).*|PYTHON.*|PG.*|SSL_.*|LC_.*|LD_.*|DYLD_.*|PATH|HOME|USER|LANG|TZ|TMPDIR|VIRTUAL_ENV"
)


def find_or_launch(rendezvous: Rendezvous, port: int = 0) -> tuple[str, subprocess.Popen[bytes] | None]:
    """The address of the server at this rendezvous, and where it had to be started, the process that does so.

    The server has its socket from the beginning, so who asks it now has an answer as soon as it can give one.
    Without a port any free one is taken. Raises `OSError` when the port is not to be had.
    """
    with rendezvous.starting() as registration:
        if registration.api_url is not None:
            return registration.api_url, None
        with socket.create_server(("127.0.0.1", port)) as listener:
            api_url = f"http://127.0.0.1:{listener.getsockname()[1]}/api"
            registration.write(api_url)
            return api_url, _launch(rendezvous, registration.fileno(), listener.fileno())


def _launch(rendezvous: Rendezvous, registration_fd: int, listener_fd: int) -> subprocess.Popen[bytes]:
    """Start the server process; it detaches itself, so what is returned ends within milliseconds."""
    command = [sys.executable, "-P", "-m", "flows.prefect_server.process"]
    arguments = [str(rendezvous.folder), str(registration_fd), str(listener_fd), str(idle_s())]
    with rendezvous.log_path.open("ab") as log:
        if log.tell() > LOG_LIMIT_BYTES:
            log.truncate(0)
        return subprocess.Popen(  # noqa: S603 - our own interpreter and module
            command + arguments,
            env=_server_environment(),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            pass_fds=(registration_fd, listener_fd),
            start_new_session=True,
        )


def _server_environment() -> dict[str, str]:
    made_by_user = user_settings()
    package_root = str(Path(__file__).parent.parent)
    return (
        {name: value for name, value in os.environ.items() if SERVER_ENVIRONMENT.fullmatch(name)}
        | {name: value for name, value in SERVER_SETTINGS.items() if name not in made_by_user}
        | {
            "PYTHONPATH": os.pathsep.join(filter(None, (package_root, os.environ.get("PYTHONPATH")))),
            "PREFECT_SERVER_API_BASE_PATH": "/api",
            "PREFECT_LOGGING_HANDLERS_CONSOLE_LEVEL": "WARNING",  # into the server's log, not on the terminal
        }
    )


def idle_s() -> float:
    """How long a server stays after its last run: `VOICEMILL_PREFECT_IDLE_S`. Raises `ConfigError`."""
    text = os.environ.get(IDLE_VARIABLE, "").strip()
    try:
        seconds = float(text or DEFAULT_IDLE_S)
    except ValueError:
        seconds = -1
    if not 0 <= seconds < float("inf"):
        raise ConfigError(f"{IDLE_VARIABLE} is {text!r}; set it to a number of seconds, or to 0")
    return seconds
