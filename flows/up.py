"""What `voicemill up` keeps going: a Prefect server with its pages, and a worker that makes scheduled runs."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from flows.prefect_server.ensure import START_TIMEOUT_S, fetch
from flows.prefect_server.launch import LOG_LIMIT_BYTES, SERVER_ENVIRONMENT
from flows.prefect_server.settings import prefect_home, user_settings
from voicemill.errors import ConfigError

POOL = "voicemill"
_MOST_RUNS = 8
_LOOK_EVERY_S = 0.2
_LONGEST_STOP_S = 120.0
_QUIET = {"PREFECT_SERVER_ANALYTICS_ENABLED": "false", "DO_NOT_TRACK": "1"}


@contextmanager
def served(port: int) -> Iterator[list["subprocess.Popen[bytes]"]]:
    """A server at 127.0.0.1 and its worker, until the block ends; then the worker ends its runs in order.

    Raises `ConfigError` where the port is taken or the server does not start.
    """
    _check_free(port)
    api_url = f"http://127.0.0.1:{port}/api"
    logs = prefect_home(user_settings()) / "voicemill"
    logs.mkdir(mode=0o700, parents=True, exist_ok=True)
    # The server is given no keys: it needs none, and it keeps what it is given for long.
    inherited = {name: value for name, value in os.environ.items() if SERVER_ENVIRONMENT.fullmatch(name)}
    server = _start(["server", "start", "--host", "127.0.0.1", "--port", str(port)], inherited, logs / "up-server.log")
    started = [server]
    try:
        _wait(server, api_url, logs / "up-server.log")
        asked = dict(os.environ) | {"PREFECT_API_URL": api_url}
        worker = ["worker", "start", "--pool", POOL, "--type", "process", "--limit", str(_MOST_RUNS)]
        started.insert(0, _start(worker, asked, logs / "up-worker.log"))
        yield started
    finally:
        for process in started:
            _end(process)


def watch(started: list["subprocess.Popen[bytes]"]) -> None:
    """Return when a signal ends the wait. Raises `ConfigError` where one of the processes ended by itself."""
    while all(process.poll() is None for process in started):
        time.sleep(_LOOK_EVERY_S)
    logs = prefect_home(user_settings()) / "voicemill"
    raise ConfigError(f"the Prefect server or its worker ended by itself; its log in {logs} says why")


def unit(port: int) -> str:
    """A systemd unit that keeps `voicemill up` going, for this environment and this folder."""
    home = prefect_home(user_settings())
    return f"""\
[Unit]
Description=voicemill: scheduled runs, and Prefect's pages at http://127.0.0.1:{port}
After=network-online.target

[Service]
ExecStart={Path(sys.executable).with_name("voicemill")} up --port {port}
WorkingDirectory={Path.cwd()}
Environment=PREFECT_HOME={home}
# CARTESIA_API_KEY=... stands in this file, which only its owner may read (chmod 600).
EnvironmentFile=-%h/.config/voicemill.env
Restart=on-failure
KillMode=mixed
TimeoutStopSec={_LONGEST_STOP_S + 60:.0f}

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
            start_new_session=True,  # Ctrl-C is ours to hand on, in order
        )


def _check_free(port: int) -> None:
    try:
        socket.create_server(("127.0.0.1", port)).close()
    except OSError as error:
        raise ConfigError(
            f"cannot listen at 127.0.0.1, port {port}: {error.strerror}; choose another --port, or see whether "
            "voicemill up runs already"
        ) from None


def _wait(server: "subprocess.Popen[bytes]", api_url: str, log_path: Path) -> None:
    until = time.monotonic() + START_TIMEOUT_S
    while not fetch(api_url, "/health", timeout_s=2):
        if server.poll() is not None or time.monotonic() > until:
            raise ConfigError(f"the Prefect server did not start; {log_path} says why")
        time.sleep(_LOOK_EVERY_S)


def _end(process: "subprocess.Popen[bytes]") -> None:
    if process.poll() is None:
        process.send_signal(signal.SIGTERM)
    try:
        process.wait(_LONGEST_STOP_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
