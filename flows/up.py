"""The processes of `voicemill up`: a Prefect server with its web UI, and a worker that executes scheduled runs."""

import http.client
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from urllib.parse import quote

from flows.prefect_server.ensure import START_TIMEOUT_S, fetch
from flows.prefect_server.launch import LOG_LIMIT_BYTES, SERVER_ENVIRONMENT
from flows.prefect_server.settings import prefect_home, user_settings
from voicemill.errors import ConfigError

POOL = "voicemill"
_WORKER = f"voicemill-up-{socket.gethostname()}"
_MAX_RUNS = 8
_POLL_INTERVAL_S = 0.2
_STOP_TIMEOUT_S = 120.0
_FORGET_TIMEOUT_S = 5.0
_QUIET = {"PREFECT_SERVER_ANALYTICS_ENABLED": "false", "DO_NOT_TRACK": "1"}


@contextmanager
def served(port: int) -> Iterator[list["subprocess.Popen[bytes]"]]:
    """Run a server at 127.0.0.1 and its worker until the block ends; then the worker stops its runs gracefully.

    Raises `ConfigError` if the port is in use or the server does not start.
    """
    _check_free(port)
    api_url = f"http://127.0.0.1:{port}/api"
    logs = prefect_home(user_settings()) / "voicemill"
    logs.mkdir(mode=0o700, parents=True, exist_ok=True)
    # The server runs for long and needs no API key, so it does not inherit one.
    inherited = {name: value for name, value in os.environ.items() if SERVER_ENVIRONMENT.fullmatch(name)}
    server = _start(["server", "start", "--host", "127.0.0.1", "--port", str(port)], inherited, logs / "up-server.log")
    started = [server]
    try:
        _wait(server, api_url, logs / "up-server.log")
        environment = dict(os.environ) | {"PREFECT_API_URL": api_url}
        worker = ["worker", "start", "--pool", POOL, "--type", "process", "--limit", str(_MAX_RUNS), "--name", _WORKER]
        started.insert(0, _start(worker, environment, logs / "up-worker.log"))
        yield started
    finally:
        for process in started[:-1]:
            _end(process)
        _forget_worker(port)
        _end(server)


def watch(started: list["subprocess.Popen[bytes]"]) -> None:
    """Wait until a signal interrupts. Raises `ConfigError` if one of the processes exits unexpectedly."""
    while all(process.poll() is None for process in started):
        time.sleep(_POLL_INTERVAL_S)
    logs = prefect_home(user_settings()) / "voicemill"
    raise ConfigError(f"the Prefect server or its worker exited unexpectedly; see its log in {logs}")


def unit(port: int) -> str:
    """A systemd unit that runs `voicemill up` in this environment and this folder."""
    home = prefect_home(user_settings())
    return f"""\
[Unit]
Description=voicemill: scheduled runs, and Prefect's web UI at http://127.0.0.1:{port}
After=network-online.target

[Service]
ExecStart={Path(sys.executable).with_name("voicemill")} up --port {port}
WorkingDirectory={Path.cwd()}
Environment=PREFECT_HOME={home}
# Put CARTESIA_API_KEY=... in this file, and make it readable by its owner only (chmod 600).
EnvironmentFile=-%h/.config/voicemill.env
Restart=on-failure
KillMode=mixed
TimeoutStopSec={_STOP_TIMEOUT_S + 60:.0f}

[Install]
WantedBy=default.target
"""


def _start(arguments: list[str], environment: Mapping[str, str], log_path: Path) -> "subprocess.Popen[bytes]":
    with log_path.open("ab") as log:
        if log.tell() > LOG_LIMIT_BYTES:
            log.truncate(0)
        return subprocess.Popen(  # noqa: S603 - our own interpreter and Prefect
            [sys.executable, "-m", "prefect", *arguments],
            env=_QUIET | dict(environment),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,  # this process handles Ctrl-C and stops its children in order
        )


def _check_free(port: int) -> None:
    try:
        socket.create_server(("127.0.0.1", port)).close()
    except OSError as error:
        raise ConfigError(
            f"cannot listen at 127.0.0.1, port {port}: {error.strerror}; choose another --port, or check "
            "whether voicemill up is running already"
        ) from None


def _wait(server: "subprocess.Popen[bytes]", api_url: str, log_path: Path) -> None:
    deadline = time.monotonic() + START_TIMEOUT_S
    while not fetch(api_url, "/health", timeout_s=2):
        if server.poll() is not None or time.monotonic() > deadline:
            raise ConfigError(f"the Prefect server did not start; see {log_path}")
        time.sleep(_POLL_INTERVAL_S)


def _forget_worker(port: int) -> None:
    """Delete the worker's record, so that `voicemill schedule list` no longer shows its schedules as served."""
    path = f"/api/work_pools/{POOL}/workers/{quote(_WORKER, safe='')}"
    # If this fails, the record counts until its last heartbeat is too old.
    with (
        suppress(OSError, http.client.HTTPException),
        closing(http.client.HTTPConnection("127.0.0.1", port, timeout=_FORGET_TIMEOUT_S)) as connection,
    ):
        connection.request("DELETE", path)
        connection.getresponse().read()


def _end(process: "subprocess.Popen[bytes]") -> None:
    if process.poll() is None:
        process.send_signal(signal.SIGTERM)
    try:
        process.wait(_STOP_TIMEOUT_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
