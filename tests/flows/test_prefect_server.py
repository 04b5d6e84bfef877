"""The shared Prefect server: started once, found by all, quiet, and gone in the end. Real processes throughout."""

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

pytestmark = pytest.mark.skipif(not Path("/proc/self/cmdline").exists(), reason="looks for processes in /proc")

ROOT = Path(__file__).parents[2]
END_TIMEOUT_S = 100
SLOW_RECORDER = {"PREFECT_SERVER_SERVICES_TASK_RUN_RECORDER_BATCH_SIZE": "1"}
SECRET = "sk_car_canary"


@pytest.fixture(scope="module")
def first_home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A Prefect home whose server stays while the tests of this module use it."""
    home = tmp_path_factory.mktemp("first-home")
    yield home
    for server in servers(home):
        os.kill(server, signal.SIGTERM)
        wait_for_end(server)


@pytest.fixture(scope="module")
def first_run(first_home: Path) -> str:
    """What a terminal showed of the first run on a new machine."""
    return in_terminal(first_home, 24, idle_s=3600)


@pytest.fixture
def home(first_home: Path, first_run: str, tmp_path: Path) -> Path:
    """A home of the test's own, with a database but no server."""
    with sqlite3.connect(first_home / "prefect.db") as database:
        database.execute("pragma wal_checkpoint(truncate)")
    database.close()
    own = tmp_path / "own-home"
    own.mkdir()
    shutil.copy(first_home / "prefect.db", own)
    return own


def environment(home: Path, idle_s: float, **more: str) -> dict[str, str]:
    """The environment of a run."""
    search_path = {"PYTHONPATH": str(ROOT), "PREFECT_HOME": str(home), "VOICEMILL_PREFECT_IDLE_S": str(idle_s)}
    return os.environ | search_path | {"CARTESIA_API_KEY": SECRET} | more


def command(tasks: int, *words: str) -> list[str]:
    """The command line of a small run."""
    return [sys.executable, "-m", "tests.flows.small_run", str(tasks), *words]


def start(home: Path, tasks: int, *words: str, idle_s: float = END_TIMEOUT_S, **more: str) -> subprocess.Popen[str]:
    """Start a small run."""
    pipe = subprocess.PIPE
    its_environment = environment(home, idle_s, **more)
    return subprocess.Popen(
        command(tasks, *words), env=its_environment, stdin=pipe, stdout=pipe, stderr=pipe, text=True
    )


def start_held(home: Path, idle_s: float) -> tuple[subprocess.Popen[str], int]:
    """A run that is in the middle of its only task, and the process of its server."""
    run = start(home, 1, "hold", idle_s=idle_s)
    assert run.stdout is not None
    assert [run.stdout.readline().startswith("http"), run.stdout.readline()] == [True, "held\n"]
    (server,) = servers(home)
    return run, server


def finish(run: subprocess.Popen[str]) -> tuple[int, str, str]:
    """How a run ended: code, output, errors."""
    stdout, stderr = run.communicate(timeout=END_TIMEOUT_S)
    return run.returncode, stdout.strip(), stderr.strip()


def in_terminal(home: Path, tasks: int, idle_s: float) -> str:
    """Do a small run in a terminal of its own; what the terminal showed."""
    ours, theirs = pty.openpty()
    run = subprocess.Popen(command(tasks), env=environment(home, idle_s), stdin=theirs, stdout=theirs, stderr=theirs)
    os.close(theirs)
    shown = b""
    try:
        while chunk := os.read(ours, 65536):
            shown += chunk
    except OSError:  # how Linux says that nobody has the terminal open any more
        pass
    os.close(ours)
    assert run.wait(END_TIMEOUT_S) == 0, shown.decode()
    return shown.decode().replace("\r\n", "\n")


def servers(home: Path) -> list[int]:
    """The server processes of a Prefect home."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            words = (process / "cmdline").read_bytes().split(b"\0")
        except OSError:
            continue  # ended while we looked
        if b"flows.prefect_server.process" in words and any(word.startswith(f"{home}/".encode()) for word in words):
            found.append(int(process.name))
    return found


def wait_for_end(process: int) -> None:
    """Wait until a process that is not ours has ended."""
    try:
        watched = os.pidfd_open(process)
    except ProcessLookupError:
        return
    ended, _, _ = select.select([watched], [], [], END_TIMEOUT_S)
    os.close(watched)
    assert ended, f"process {process} is still there"


def ask(api_url: str, path: str, question: dict[str, Any]) -> list[dict[str, Any]]:
    """What a Prefect API answers."""
    request = urllib.request.Request(
        api_url + path, json.dumps(question).encode(), {"Content-Type": "application/json"}
    )
    with urllib.request.urlopen(request, timeout=END_TIMEOUT_S) as response:
        answer: list[dict[str, Any]] = json.load(response)
    return answer


def task_states(home: Path) -> list[tuple[str]]:
    """The states of the tasks of the newest flow run in a home's database."""
    database = sqlite3.connect(home / "prefect.db")
    try:
        newest = "select id from flow_run order by created desc limit 1"
        return database.execute(f"select state_type from task_run where flow_run_id in ({newest})").fetchall()
    finally:
        database.close()


def test_a_terminal_shows_nothing_of_prefect_not_even_at_the_first_start_of_a_machine(first_run: str) -> None:
    """An empty home with its migrations, and a terminal that invites colours and notices: one line, the run's own."""
    line, rest = first_run.split("\n", 1)
    assert line.startswith("http://127.0.0.1:")
    assert rest == ""


def test_run_and_logs_are_readable_through_the_api_afterwards(first_run: str) -> None:
    """What the terminal does not show is in Prefect: the flow run, its logs."""
    api_url = first_run.strip()
    (flow_run,) = ask(api_url, "/flow_runs/filter", {"sort": "START_TIME_ASC", "limit": 1})
    assert flow_run["state_type"] == "COMPLETED"
    logs = ask(api_url, "/logs/filter", {"logs": {"flow_run_id": {"any_": [flow_run["id"]]}}})
    assert {f"task {number} was here" for number in range(24)} <= {log["message"] for log in logs}


def test_the_next_run_uses_the_same_server(first_home: Path, first_run: str) -> None:
    """A second run finds the server of the first, and starts none."""
    before = servers(first_home)
    assert finish(start(first_home, 1)) == (0, first_run.strip(), "")
    assert servers(first_home) == before
    assert len(before) == 1


def test_the_server_knows_no_key(first_home: Path, first_run: str) -> None:
    """The process that outlives the run has not inherited the run's secrets."""
    (server,) = servers(first_home)
    assert SECRET.encode() not in Path(f"/proc/{server}/environ").read_bytes()


def test_a_website_cannot_read_the_server(first_run: str) -> None:
    """A page in the user's browser gets no leave to look into the runs."""
    request = urllib.request.Request(first_run.strip() + "/health", headers={"Origin": "https://website.test"})
    with urllib.request.urlopen(request, timeout=END_TIMEOUT_S) as response:
        assert response.headers["Access-Control-Allow-Origin"] is None


def test_two_runs_at_once_share_one_server(home: Path) -> None:
    """Two commands started together from nothing meet at one server."""
    runs = [start(home, 1, idle_s=5) for _ in range(2)]
    (_, first_url, _), (_, second_url, _) = ends = [finish(run) for run in runs]
    assert [(code, stderr) for code, _, stderr in ends] == [(0, ""), (0, "")]
    assert first_url == second_url
    assert len(servers(home)) == 1


def test_a_killed_run_lets_its_server_go(home: Path) -> None:
    """After `kill -9` of the only run, the server leaves by itself, and no process stays."""
    run, server = start_held(home, idle_s=1)
    run.kill()
    run.communicate()
    wait_for_end(server)
    assert servers(home) == []


def test_an_idle_time_of_zero_ends_the_server_with_the_run_and_loses_nothing(home: Path) -> None:
    """When the command is back, its server has gone, and every task run stands in the database as completed.

    A recorder that writes one by one is far behind when the run ends, as one on a slow disk would be.
    """
    assert finish(start(home, 60, idle_s=0, **SLOW_RECORDER))[0] == 0
    assert servers(home) == []
    assert task_states(home) == [("COMPLETED",)] * 60


def test_a_killed_server_is_replaced_even_when_its_port_is_taken(home: Path) -> None:
    """The registration of a dead server misleads nobody, though another program listens where it did."""
    _, dead_url, _ = finish(start(home, 1))
    (server,) = servers(home)
    os.kill(server, signal.SIGKILL)
    wait_for_end(server)
    with socket.create_server(("127.0.0.1", int(dead_url.split(":")[2].split("/")[0]))):
        code, api_url, stderr = finish(start(home, 1, idle_s=0))
    assert (code, stderr) == (0, "")
    assert api_url != dead_url


def test_a_server_that_dies_under_a_run_is_replaced(home: Path) -> None:
    """The run ends well, and Prefect has it all: a new server has taken the place of the killed one."""
    run, server = start_held(home, idle_s=0)
    os.kill(server, signal.SIGKILL)
    wait_for_end(server)
    assert finish(run) == (0, "", "")
    assert servers(home) == []
    assert task_states(home) == [("COMPLETED",)]


def test_no_server_is_started_beside_one_that_the_user_configured(first_run: str, tmp_path: Path) -> None:
    """With PREFECT_API_URL, the run goes there, and the home stays without a server of ours."""
    home = tmp_path / "configured"
    assert finish(start(home, 1, PREFECT_API_URL=first_run.strip())) == (0, first_run.strip(), "")
    assert not (home / "voicemill").exists()


def test_no_server_is_started_beside_one_at_the_default_address(first_run: str, tmp_path: Path) -> None:
    """A server of our version that answers at Prefect's default address is used as it is."""
    home = tmp_path / "default"
    script = (
        "import flows.prefect_server as server, os\n"
        f"server.DEFAULT_API_URL = {first_run.strip()!r}\n"
        "print(server.ensure_server().api_url, os.environ['PREFECT_API_URL'])"
    )
    run = subprocess.run(
        [sys.executable, "-c", script], env=environment(home, 0), capture_output=True, text=True, check=True
    )
    assert run.stdout.split() == [first_run.strip()] * 2
    assert not (home / "voicemill").exists()


def test_a_configured_server_that_is_down_is_named(home: Path) -> None:
    """The user learns which address is silent and what to do, without a traceback."""
    code, stdout, stderr = finish(start(home, 1, PREFECT_API_URL="http://127.0.0.1:9/api"))
    assert (code, stdout) == (1, "")
    assert stderr.startswith("ConfigError: Prefect is set up to use the server at http://127.0.0.1:9/api, but none")
    assert "prefect server start" in stderr


def test_a_server_that_cannot_start_names_its_log(tmp_path: Path) -> None:
    """A database that is none ends the run at once, with the place where the reason stands."""
    (tmp_path / "prefect.db").write_text("This is no database, but it is long enough to be taken for one. " * 9)
    code, stdout, stderr = finish(start(tmp_path, 1, idle_s=0))
    assert (code, stdout) == (1, "")
    (log,) = tmp_path.glob("voicemill/*/server.log")
    assert f"Its log is {log}." in stderr
    assert "file is not a database" in log.read_text()
    assert servers(tmp_path) == []


def test_a_home_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    """A PREFECT_HOME that is a file is refused in words."""
    (tmp_path / "home").touch()
    code, _, stderr = finish(start(tmp_path / "home", 1))
    assert code == 1
    assert f"Prefect's folder {tmp_path / 'home'} cannot be written" in stderr


@pytest.mark.parametrize("nonsense", ["soon", "-1", "nan", "inf"])
def test_an_idle_time_that_is_no_number_of_seconds_is_refused(nonsense: str, tmp_path: Path) -> None:
    """The setting is named with what it holds."""
    code, _, stderr = finish(start(tmp_path, 1, VOICEMILL_PREFECT_IDLE_S=nonsense))
    assert code == 1
    assert f"VOICEMILL_PREFECT_IDLE_S is {nonsense!r}" in stderr
    assert servers(tmp_path) == []


def test_beginning_imports_no_prefect() -> None:
    """The server boots while the command works: beginning must not wait for Prefect."""
    script = "import flows.prefect_server, sys; print('prefect' in sys.modules)"
    run = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True)
    assert run.stdout == "False\n"
