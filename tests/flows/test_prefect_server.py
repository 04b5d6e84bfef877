"""The shared Prefect server: start, reuse, silence on the terminal and shutdown, with real processes."""

import json
import os
import pty
import select
import signal
import socket
import sqlite3
import subprocess
import sys
import urllib.request
from collections.abc import Callable, Iterator
from importlib.metadata import version
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from flows.prefect_server.lease import LeaseLock
from tests.conftest import SharedMigration
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
def first_run(first_home: Path, sharing_migration: Callable[[], SharedMigration]) -> str:
    """The terminal output of the first run on a new machine, whose migrated database other tests then use."""
    with sharing_migration() as share:
        shown = run_in_terminal(first_home, 24, idle_s=3600)
        share(first_home)
    return shown


@pytest.fixture(scope="module")
def new_home(
    tmp_path_factory: pytest.TempPathFactory, migrated_database: Callable[[Path], None]
) -> Iterator[Callable[[], Path]]:
    """Creates Prefect homes with a database but no server, and kills the servers that tests leave in them."""
    created = []

    def create() -> Path:
        created.append(tmp_path_factory.mktemp("home"))
        migrated_database(created[-1])
        return created[-1]

    yield create
    for server in [process for home in created for process in servers(home)]:
        os.kill(server, signal.SIGKILL)


class BlockedRun(NamedTuple):
    """A run whose first task waits for standard input, and its server."""

    home: Path
    process: subprocess.Popen[str]
    api_url: str
    server: int


class ConcurrentRuns(NamedTuple):
    """A finished run and a blocked one, which started at the same time."""

    finished: tuple[int, str, str]
    blocked: BlockedRun


@pytest.fixture(scope="module")
def concurrent_runs(new_home: Callable[[], Path]) -> ConcurrentRuns:
    """Two runs that start at the same time in a home without a server."""
    home = new_home()
    run = start(home, 1, idle_s=1)
    blocked = start_blocked(home, 1, idle_s=1)
    return ConcurrentRuns(finish(run), blocked)


@pytest.fixture(scope="module")
def taken_url() -> Iterator[str]:
    """An address whose port is that of another program."""
    with socket.create_server(("127.0.0.1", 0)) as other_program:
        yield f"http://127.0.0.1:{other_program.getsockname()[1]}/api"


@pytest.fixture(scope="module")
def run_after_kill(new_home: Callable[[], Path], taken_url: str) -> BlockedRun:
    """A run with an idle time of 0, after a server died and another program took its port."""
    home = new_home()
    lease = LeaseLock.acquire(home, version("prefect"), {})
    with lease.locked_registration() as registration:
        registration.write(taken_url)
    lease.release()
    return start_blocked(home, 40, idle_s=0, **SLOW_RECORDER)


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


def start_blocked(home: Path, tasks: int, idle_s: float, **more: str) -> BlockedRun:
    """Start a run whose first task waits for standard input, and wait until it does."""
    run = start(home, tasks, "block", idle_s=idle_s, **more)
    assert run.stdout is not None
    api_url = run.stdout.readline().strip()
    assert run.stdout.readline() == "blocked\n"
    (server,) = servers(home)
    return BlockedRun(home, run, api_url, server)


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
    """A second run gets the server of the first one and starts no other."""
    before = servers(first_home)
    assert finish(start(first_home, 0)) == (0, first_run.strip(), "")
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


def test_two_concurrent_runs_share_one_server(concurrent_runs: ConcurrentRuns) -> None:
    """Two runs that start at the same time without a server start only one and both use it."""
    assert concurrent_runs.finished == (0, concurrent_runs.blocked.api_url, "")


def test_server_exits_after_its_only_run_is_killed(concurrent_runs: ConcurrentRuns) -> None:
    """After `kill -9` of the only run, the server exits and leaves no process behind."""
    home, run, _, server = concurrent_runs.blocked
    run.kill()
    run.communicate()
    wait_for_exit(server)
    assert servers(home) == []


def test_dead_server_is_replaced_even_if_its_port_is_taken(run_after_kill: BlockedRun, taken_url: str) -> None:
    """A run ignores the registration of a dead server whose port another program now uses."""
    assert run_after_kill.api_url.startswith("http://127.0.0.1:")
    assert run_after_kill.api_url != taken_url


def test_server_that_dies_is_replaced_and_stops_with_the_run_after_it_has_recorded_its_tasks(
    run_after_kill: BlockedRun,
) -> None:
    """A killed server is replaced during the run; with an idle time of 0 the new one exits with the run.

    The database then has every task that started after the kill as completed, although the recorder that writes them
    one by one is far behind when the run ends, as on a slow disk. The task that was running may be missing: Prefect's
    server holds its events in memory, and the client may lose those that it sends while it connects again.
    """
    home, run, _, server = run_after_kill
    os.kill(server, signal.SIGKILL)
    wait_for_exit(server)
    assert finish(run) == (0, "", "")
    assert servers(home) == []
    assert task_states(home).count(("COMPLETED",)) in {39, 40}


@pytest.mark.parametrize("variable", ["ensure.DEFAULT_API_URL", "os.environ['PREFECT_API_URL']"])
def test_server_of_the_user_is_used(first_run: str, tmp_path: Path, variable: str) -> None:
    """A run uses the server that is configured, or one of the same Prefect version at the default address."""
    home = tmp_path / "without-server"
    script = (
        "import os\n"
        "from flows.prefect_server import ensure\n"
        f"{variable} = {first_run.strip()!r}\n"
        "print(ensure.ensure_server().api_url, os.environ['PREFECT_API_URL'])"
    )
    run = subprocess.run(
        [sys.executable, "-c", script], env=environment(home, 0), capture_output=True, text=True, check=True
    )
    assert run.stdout.split() == [first_run.strip()] * 2
    assert not (home / "voicemill").exists()


def test_unreachable_configured_server_is_reported(tmp_path: Path) -> None:
    """The error names the address that does not respond and the remedy, without a traceback."""
    code, stdout, stderr = finish(start(tmp_path, 1, PREFECT_API_URL="http://127.0.0.1:9/api"))
    assert (code, stdout) == (1, "")
    assert stderr.startswith(
        "ConfigError: Prefect is configured to use the server at http://127.0.0.1:9/api, but nothi"
    )
    assert "prefect server start" in stderr


def test_failed_server_start_names_the_log(tmp_path: Path) -> None:
    """With an invalid database the run fails at once, and the error names the server's log."""
    (tmp_path / "prefect.db").write_text("Not a database, but long enough to be opened as one. " * 9)
    code, stdout, stderr = finish(start(tmp_path, 0, idle_s=0))
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
