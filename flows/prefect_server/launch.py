"""Starts the shared Prefect server as a process that outlives the run."""

import os
import re
import socket
import subprocess
import sys
from pathlib import Path

from flows.prefect_server.lease import LeaseLock
from flows.prefect_server.settings import user_settings
from voicemill.errors import ConfigError

IDLE_VARIABLE = "VOICEMILL_PREFECT_IDLE_S"
# An idle server uses 1.1 % of a core, a cold start about 2 s of CPU: after this time idling has cost as much.
DEFAULT_IDLE_S = 180.0
LOG_LIMIT_BYTES = 1_000_000

SERVER_SETTINGS = {
    "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
    # By default, pages of any website may send requests to the server. This server has no web UI, so none needs to.
    "PREFECT_SERVER_CORS_ALLOWED_ORIGINS": "http://127.0.0.1",
    # Only the web UI needs these blocks, and a server with a web UI registers them itself.
    "PREFECT_SERVER_REGISTER_BLOCKS_ON_START": "false",
    # One transaction for many task run states instead of one each: a third of the CPU for 240 task runs.
    "PREFECT_SERVER_SERVICES_TASK_RUN_RECORDER_BATCH_SIZE": "50",
    "PREFECT_SERVER_SERVICES_TASK_RUN_RECORDER_FLUSH_INTERVAL": "1",
    # With leases in memory, a server restart would lose them, and their slots would never be released.
    "PREFECT_SERVER_CONCURRENCY_LEASE_STORAGE": "prefect.server.concurrency.lease_storage.filesystem",
}
# The server outlives the run, so it inherits only the variables that it needs, and no API key.
SERVER_ENVIRONMENT = re.compile(
    r"PREFECT_(?!API_KEY|API_AUTH_STRING).*|PYTHON.*|PG.*|SSL_.*|LC_.*|LD_.*|DYLD_.*|PATH|HOME|USER|LANG|TZ|TMPDIR|VIRTUAL_ENV"
)


def find_or_launch(lease: LeaseLock, port: int = 0) -> tuple[str, subprocess.Popen[bytes] | None]:
    """The server's address, and the process that launches it if it was not running.

    The socket listens before the server starts, so requests sent now are answered as soon as it can respond.
    `port` 0 takes any free port. Raises `OSError` if the port is not available.
    """
    with lease.locked_registration() as registration:
        if registration.api_url is not None:
            return registration.api_url, None
        with socket.create_server(("127.0.0.1", port)) as listener:
            api_url = f"http://127.0.0.1:{listener.getsockname()[1]}/api"
            registration.write(api_url)
            return api_url, _launch(lease, registration.fileno(), listener.fileno())


def _launch(lease: LeaseLock, registration_fd: int, listener_fd: int) -> subprocess.Popen[bytes]:
    """Start the server process. It detaches itself, so the returned process ends within milliseconds."""
    command = [sys.executable, "-P", "-m", "flows.prefect_server.process"]
    arguments = [str(lease.folder), str(registration_fd), str(listener_fd), str(idle_s())]
    with lease.log_path.open("ab") as log:
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
    set_by_user = user_settings()
    package_root = str(Path(__file__).parents[2])
    return (
        {name: value for name, value in os.environ.items() if SERVER_ENVIRONMENT.fullmatch(name)}
        | {name: value for name, value in SERVER_SETTINGS.items() if name not in set_by_user}
        | {
            "PYTHONPATH": os.pathsep.join(filter(None, (package_root, os.environ.get("PYTHONPATH")))),
            "PREFECT_SERVER_API_BASE_PATH": "/api",
            "PREFECT_LOGGING_HANDLERS_CONSOLE_LEVEL": "WARNING",  # the console is the server's log file
        }
    )


def idle_s() -> float:
    """How long a server keeps running after its last run: `VOICEMILL_PREFECT_IDLE_S`. Raises `ConfigError`."""
    text = os.environ.get(IDLE_VARIABLE, "").strip()
    try:
        seconds = float(text or DEFAULT_IDLE_S)
    except ValueError:
        seconds = -1
    if not 0 <= seconds < float("inf"):
        raise ConfigError(f"Invalid {IDLE_VARIABLE}: {text!r} is not a number of seconds (0 or more)")
    return seconds
