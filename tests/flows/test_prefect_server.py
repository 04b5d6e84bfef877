"""The shared Prefect server: start, reuse, silence on the terminal and shutdown, with real processes."""

import json
import os
import pty
import select
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.waiting import PATIENCE_S, wait_until

pytestmark = pytest.mark.skipif(not Path("/proc/self/cmdline").exists(), reason="finds processes in /proc")

ROOT = Path(__file__).parents[2]
IDLE_S = 300.0
SLOW_RECORDER = {"PREFECT_SERVER_SERVICES_TASK_RUN_RECORDER_BATCH_SIZE": "1"}
SECRET = "sk_car_canary"


@pytest.fixture(scope="module")
def first_home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A Prefect home whose server runs until the tests of this module have ended."""
    home = tmp_path_factory.mktemp("first-home")
    yield home
    for server in servers(home):
        os.kill(server, signal.SIGTERM)
        wait_for_exit(server)


@pytest.fixture(scope="module")
def first_run(first_home: Path) -> str:
    """The terminal output of the first run on a new machine."""
    return run_in_terminal(first_home, 24, idle_s=3600)


@pytest.fixture
def home(first_home: Path, first_run: str, tmp_path: Path) -> Path:
    """A separate home for one test, with a database but no server."""
    with sqlite3.connect(first_home / "prefect.db") as database:
        database.execute("pragma wal_checkpoint(truncate)")
    database.close()
    separate = tmp_path / "separate-home"
    separate.mkdir()
    shutil.copy(first_home / "prefect.db", separate)
    return separate


def environment(home: Path, idle_s: float, **more: str) -> dict[str, str]:
    """The environment of a run."""
    search_path = {"PYTHONPATH": str(ROOT), "PREFECT_HOME": str(home), "VOICEMILL_PREFECT_IDLE_S": str(idle_s)}
    return os.environ | search_path | {"CARTESIA_API_KEY": SECRET} | more


def command(tasks: int, *options: str) -> list[str]:
    """The command line of a small run."""
    return [sys.executable, "-m", "tests.flows.small_run", str(tasks), *options]


def start(home: Path, tasks: int, *options: str, idle_s: float = IDLE_S, **more: str) -> subprocess.Popen[str]:
    """Start a small run."""
    pipe = subprocess.PIPE
    variables = environment(home, idle_s, **more)
    return subprocess.Popen(command(tasks, *options), env=variables, stdin=pipe, stdout=pipe, stderr=pipe, text=True)


def start_blocked(home: Path, idle_s: float) -> tuple[subprocess.Popen[str], int]:
    """A run whose only task waits for standard input, and the process id of its server."""
    run = start(home, 1, "block", idle_s=idle_s)
    assert run.stdout is not None
    assert [run.stdout.readline().startswith("http"), run.stdout.readline()] == [True, "blocked\n"]
    (server,) = servers(home)
    return run, server


def finish(run: subprocess.Popen[str]) -> tuple[int, str, str]:
    """Wait for a run and return its exit code, standard output and standard error."""
    stdout, stderr = run.communicate(timeout=PATIENCE_S)
    return run.returncode, stdout.strip(), stderr.strip()


def run_in_terminal(home: Path, tasks: int, idle_s: float) -> str:
    """Make a small run in a new pseudo-terminal and return the terminal's output."""
    master, slave = pty.openpty()
    run = subprocess.Popen(command(tasks), env=environment(home, idle_s), stdin=slave, stdout=slave, stderr=slave)
    os.close(slave)
    shown = b""
    try:
        while chunk := os.read(master, 65536):
            shown += chunk
    except OSError:  # Linux raises this once no process has the terminal open
        pass
    os.close(master)
    assert run.wait(PATIENCE_S) == 0, shown.decode()
    return shown.decode().replace("\r\n", "\n")


def servers(home: Path) -> list[int]:
    """The process ids of the servers of a Prefect home."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            arguments = (process / "cmdline").read_bytes().split(b"\0")
        except OSError:
            continue  # the process has ended meanwhile
        if b"flows.prefect_server.process" in arguments and any(
            argument.startswith(f"{home}/".encode()) for argument in arguments
        ):
            found.append(int(process.name))
    return found


def wait_for_exit(process: int) -> None:
    """Wait until a process that is not a child of this one has ended."""
    try:
        descriptor = os.pidfd_open(process)
    except ProcessLookupError:
        return
    ended, _, _ = select.select([descriptor], [], [], PATIENCE_S)
    os.close(descriptor)
    assert ended, f"process {process} is still running"


def query(api_url: str, path: str, body: dict[str, Any]) -> list[dict[str, Any]]:
    """Send a POST request to a Prefect API and return its JSON response."""
    request = urllib.request.Request(api_url + path, json.dumps(body).encode(), {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=PATIENCE_S) as response:
        found: list[dict[str, Any]] = json.load(response)
    return found


def task_states(home: Path) -> list[tuple[str]]:
    """The states of the task runs of the newest flow run in a home's database."""
    database = sqlite3.connect(home / "prefect.db")
    try:
        newest = "select id from flow_run order by created desc limit 1"
        return database.execute(f"select state_type from task_run where flow_run_id in ({newest})").fetchall()
    finally:
        database.close()


def test_terminal_shows_no_prefect_output_even_on_a_new_machine(first_run: str) -> None:
    """A first run with database migrations on a colour terminal prints only the run's own line."""
    line, rest = first_run.split("\n", 1)
    assert line.startswith("http://127.0.0.1:")
    assert rest == ""


def test_flow_run_and_its_logs_are_available_through_the_api(first_run: str) -> None:
    """After the run, Prefect's API returns the flow run and every line that its tasks logged."""
    api_url = first_run.strip()
    first = {"sort": "START_TIME_ASC", "limit": 1}
    wait_until(lambda: query(api_url, "/flow_runs/filter", first)[0]["state_type"] == "COMPLETED", "a completed run")
    (flow_run,) = query(api_url, "/flow_runs/filter", first)
    expected = {f"task {number} logged" for number in range(24)}
    of_run = {"logs": {"flow_run_id": {"any_": [flow_run["id"]]}}}
    wait_until(lambda: expected <= {log["message"] for log in query(api_url, "/logs/filter", of_run)}, "24 log lines")


def test_next_run_uses_the_same_server(first_home: Path, first_run: str) -> None:
    """A second run uses the server of the first one and starts no other."""
    before = servers(first_home)
    assert finish(start(first_home, 1)) == (0, first_run.strip(), "")
    assert servers(first_home) == before
    assert len(before) == 1


def test_server_does_not_inherit_the_api_key(first_home: Path, first_run: str) -> None:
    """The environment of the server, which outlives the run, does not contain the run's API key."""
    (server,) = servers(first_home)
    assert SECRET.encode() not in Path(f"/proc/{server}/environ").read_bytes()


def test_server_allows_no_foreign_origin(first_run: str) -> None:
    """The server sends no CORS permission to a web page of another origin."""
    request = urllib.request.Request(first_run.strip() + "/health", headers={"Origin": "https://website.test"})
    with urllib.request.urlopen(request, timeout=PATIENCE_S) as response:
        assert response.headers["Access-Control-Allow-Origin"] is None


def test_two_concurrent_runs_share_one_server(home: Path) -> None:
    """Two runs that start at the same time without a server start only one and both use it."""
    runs = [start(home, 1) for _ in range(2)]
    (_, first_url, _), (_, second_url, _) = results = [finish(run) for run in runs]
    assert [(code, stderr) for code, _, stderr in results] == [(0, ""), (0, "")]
    assert first_url == second_url
    (server,) = servers(home)
    os.kill(server, signal.SIGTERM)
    wait_for_exit(server)


def test_server_exits_after_its_only_run_is_killed(home: Path) -> None:
    """After `kill -9` of the only run, the server exits and leaves no process behind."""
    run, server = start_blocked(home, idle_s=1)
    run.kill()
    run.communicate()
    wait_for_exit(server)
    assert servers(home) == []


def test_idle_time_of_zero_stops_the_server_with_the_run_and_loses_no_record(home: Path) -> None:
    """When the command returns, its server has exited and the database has every task run as completed.

    A recorder that writes task runs one by one is far behind when the run ends, as on a slow disk.
    """
    assert finish(start(home, 60, idle_s=0, **SLOW_RECORDER))[0] == 0
    assert servers(home) == []
    assert task_states(home) == [("COMPLETED",)] * 60


def test_killed_server_is_replaced_even_if_its_port_is_taken(home: Path) -> None:
    """A run ignores the registration of a dead server whose port another program now uses."""
    _, dead_url, _ = finish(start(home, 1))
    (server,) = servers(home)
    os.kill(server, signal.SIGKILL)
    wait_for_exit(server)
    with socket.create_server(("127.0.0.1", int(dead_url.split(":")[2].split("/")[0]))):
        code, api_url, stderr = finish(start(home, 1, idle_s=0))
    assert (code, stderr) == (0, "")
    assert api_url != dead_url


def test_server_that_dies_during_a_run_is_replaced(home: Path) -> None:
    """If the server is killed during a run, a new one replaces it, and the run succeeds and is recorded."""
    run, server = start_blocked(home, idle_s=0)
    os.kill(server, signal.SIGKILL)
    wait_for_exit(server)
    assert finish(run) == (0, "", "")
    assert servers(home) == []
    assert task_states(home) == [("COMPLETED",)]


def test_configured_server_is_used(first_run: str, tmp_path: Path) -> None:
    """With PREFECT_API_URL set, the run uses that server and starts none."""
    home = tmp_path / "configured"
    assert finish(start(home, 1, PREFECT_API_URL=first_run.strip())) == (0, first_run.strip(), "")
    assert not (home / "voicemill").exists()


def test_server_at_the_default_address_is_used(first_run: str, tmp_path: Path) -> None:
    """A run uses a server of the same Prefect version that responds at Prefect's default address."""
    home = tmp_path / "default"
    script = (
        "import os\n"
        "from flows.prefect_server import ensure\n"
        f"ensure.DEFAULT_API_URL = {first_run.strip()!r}\n"
        "print(ensure.ensure_server().api_url, os.environ['PREFECT_API_URL'])"
    )
    run = subprocess.run(
        [sys.executable, "-c", script], env=environment(home, 0), capture_output=True, text=True, check=True
    )
    assert run.stdout.split() == [first_run.strip()] * 2
    assert not (home / "voicemill").exists()


def test_unreachable_configured_server_is_reported(home: Path) -> None:
    """The error names the address that does not respond and the remedy, without a traceback."""
    code, stdout, stderr = finish(start(home, 1, PREFECT_API_URL="http://127.0.0.1:9/api"))
    assert (code, stdout) == (1, "")
    assert stderr.startswith(
        "ConfigError: Prefect is configured to use the server at http://127.0.0.1:9/api, but nothi"
    )
    assert "prefect server start" in stderr


def test_failed_server_start_names_the_log(tmp_path: Path) -> None:
    """With an invalid database the run fails at once, and the error names the server's log."""
    (tmp_path / "prefect.db").write_text("Not a database, but long enough to be opened as one. " * 9)
    code, stdout, stderr = finish(start(tmp_path, 1, idle_s=0))
    assert (code, stdout) == (1, "")
    (log,) = tmp_path.glob("voicemill/*/server.log")
    assert f"See its log: {log}\n" in stderr
    assert "file is not a database" in log.read_text()
    assert servers(tmp_path) == []


def test_unwritable_home_is_reported(tmp_path: Path) -> None:
    """The error for a PREFECT_HOME that is a file names that path."""
    (tmp_path / "home").touch()
    code, _, stderr = finish(start(tmp_path / "home", 1))
    assert code == 1
    assert f"Cannot write to Prefect's folder {tmp_path / 'home'}" in stderr


@pytest.mark.parametrize("value", ["soon", "-1", "nan", "inf"])
def test_invalid_idle_time_is_refused(value: str, tmp_path: Path) -> None:
    """The error for an idle time that is not a number of seconds names the setting and its value."""
    code, _, stderr = finish(start(tmp_path, 1, VOICEMILL_PREFECT_IDLE_S=value))
    assert code == 1
    assert f"Invalid VOICEMILL_PREFECT_IDLE_S: {value!r}" in stderr
    assert servers(tmp_path) == []


def test_ensure_server_does_not_import_prefect() -> None:
    """Starting the server early imports no Prefect, which would take two seconds."""
    script = "import flows.prefect_server.ensure, sys; print('prefect' in sys.modules)"
    run = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True)
    assert run.stdout == "False\n"
