"""Recurring runs: stored by Prefect, executed by `voicemill up`, each call billed once."""

import asyncio
import os
import re
import resource
import signal
import socket
import subprocess
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from unittest import mock

import pytest
from prefect.client.orchestration import get_client
from prefect.client.schemas.responses import DeploymentResponse

from flows.recurrence import Recurrence, shown_time
from flows.scheduled import scheduled
from tests.flows.commands import InThisProcess, ignoring_prefect_sockets, run_process, start_process, wait_for_exit
from tests.flows.results import short_rows, statuses, violations, write_manifest
from tests.flows.speech_service import SpeechService
from tests.waiting import wait_until
from voicemill.store.results_folder import ResultsFolder

_RESULTS = Path("out")
_FILE_LIMIT_BYTES = 64 << 20


@pytest.fixture
def port(tmp_path: Path) -> Iterator[int]:
    """A free port where the test's commands expect Prefect, with a separate Prefect home."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        number = int(free.getsockname()[1])
    variables = {"PREFECT_HOME": str(tmp_path / "prefect"), "PREFECT_API_URL": f"http://127.0.0.1:{number}/api"}
    with mock.patch.dict(os.environ, variables):
        yield number


@contextmanager
def _largest_file(limit_bytes: int) -> Iterator[None]:
    """Processes that start in this block cannot write a larger file, nor can their children."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit_bytes, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


@pytest.fixture
def up(port: int) -> Iterator["subprocess.Popen[bytes]"]:
    """A running `voicemill up`."""
    # Prefect polls for work every ten seconds; shorter intervals make the test faster.
    intervals = {"PREFECT_WORKER_QUERY_SECONDS": "1", "PREFECT_SERVER_SERVICES_SCHEDULER_LOOP_SECONDS": "2"}
    with _largest_file(_FILE_LIMIT_BYTES):
        process = start_process("up", "--port", str(port), environment=intervals)
    with process:
        assert process.stderr is not None
        assert "Serving schedules" in process.stderr.readline().decode()
        yield process
        if process.poll() is None:
            process.kill()


def _wait_for(what: Callable[[], bool], process: "subprocess.Popen[bytes]") -> None:
    wait_until(lambda: process.poll() is not None or what(), "a scheduled run")
    assert process.poll() is None


def _schedule(name: str) -> dict[str, object]:
    [found] = [one for one in run_process("schedule", "list", "--json").json if one["name"] == name]
    return dict(found)


@pytest.mark.schedules
@pytest.mark.timeout(600)
def test_schedule_runs_repeatedly(service: SpeechService, up: "subprocess.Popen[bytes]", port: int) -> None:
    """A schedule runs repeatedly in its own folder: after one row is added, the next run makes only its call."""
    rows = short_rows(3)
    write_manifest(Path("book.csv"), rows[:2])
    with Path("large.bin").open("wb") as large:
        large.truncate(2 * _FILE_LIMIT_BYTES)  # a copy of it would end the scheduled run
    added = run_process(
        "schedule", "add", "nightly", "--cron", "* * * * *", "--", "run", "book.csv", "-o", str(_RESULTS)
    )
    assert (added.code, added.stdout.splitlines()[-1]) == (0, "Serve it with voicemill up."), added.stderr
    table = _RESULTS / "items.parquet"
    _wait_for(table.exists, up)
    write_manifest(Path("new.csv"), rows).replace("book.csv")
    _wait_for(lambda: len(statuses(_RESULTS)) == 3, up)
    assert sorted(service.requested) == [row["transcript"] for row in rows]
    assert violations(_RESULTS) == []
    _wait_for(lambda: _schedule("nightly")["last_state"] in ("Completed", "Skipped"), up)
    schedule = _schedule("nightly")
    assert (schedule["fires"], schedule["paused"], schedule["served"]) == ("* * * * * (UTC)", False, True)
    assert run_process("schedule", "pause", "nightly").code == 0
    assert _schedule("nightly")["paused"] is True
    assert run_process("schedule", "resume", "nightly").code == 0
    assert run_process("schedule", "remove", "nightly").code == 0
    assert run_process("schedule", "list", "--json").json == []
    assert "existing schedules: none" in run_process("schedule", "pause", "nightly").stderr
    up.send_signal(signal.SIGINT)
    result = wait_for_exit(up)
    assert (result.code, result.stderr) == (0, "Stopped. Schedules run again after the next voicemill up.\n")
    with socket.create_server(("127.0.0.1", port)):
        pass  # the port is free again


_DAILY = ["--cron", "0 1 * * *"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([*_DAILY, "--", "plan", "book.csv"], "only runs can be scheduled, not 'plan'"),
        ([*_DAILY, "--", "run", "-"], "standard input cannot be scheduled"),
        ([*_DAILY, "--", "run"], "invalid run command: "),
        ([*_DAILY, "--", "run", "book.csv", "--speed", "3"], "No such option"),
        ([*_DAILY, "--", "run", "absent.csv"], "absent.csv does not exist"),
        ([*_DAILY, "--", "run", "@absent.txt"], "absent.txt does not exist"),
        ([*_DAILY, "--", "run", "absent/*.wav"], "absent does not exist"),
        (["--", "run", "book.csv"], 'give either --cron "0 1 * * *"'),
        ([*_DAILY, "--every", "60", "--", "run", "book.csv"], 'give either --cron "0 1 * * *"'),
        (["--cron", "soon", "--", "run", "book.csv"], "has 1 field; give five: minute, hour, day of month"),
        (["--cron", "0 0 1 * * *", "--", "run", "book.csv"], "has 6 fields; give five: minute, hour, day of month"),
        (["--cron", "0 25 * * *", "--", "run", "book.csv"], "the hour '25' is not valid; allowed: 0 to 23"),
        (["--cron", "0 1 30 2 *", "--", "run", "book.csv"], "never fires; correct its day of month or its month"),
        ([*_DAILY, "--timezone", "Moon/Base", "--", "run", "book.csv"], "not a known time zone; give an IANA name"),
        ([*_DAILY, "--timezone", "europe/berlin", "--", "run", "book.csv"], "did you mean Europe/Berlin?"),
        ([*_DAILY, "--", "run", "book.csv", "-o", "s3://bucket/book"], "s3://bucket/book is in an object store"),
        (["--every", "1e12", "--", "run", "book.csv"], "--every is 1e+12; give 1 to 31622400 seconds"),
    ],
)
def test_schedule_that_cannot_run_is_refused(
    capfd: pytest.CaptureFixture[str], arguments: list[str], message: str
) -> None:
    """A wrong command, manifest, cron expression, interval or zone is refused with exit code 2 and without a server."""
    write_manifest(Path("book.csv"), short_rows(1))
    result = InThisProcess(capfd)("schedule", "add", "nightly", *arguments)
    assert (result.code, message in result.stderr) == (2, True), result.stderr


def test_next_times_follow_the_clock_of_the_zone() -> None:
    """A daily schedule at 02:30 keeps its local hour over the change to summer time, which skips that hour once."""
    recurrence = Recurrence("30 2 * * *", "Europe/Berlin", since=datetime(2027, 3, 27, tzinfo=UTC))
    assert [shown_time(time) for time in asyncio.run(recurrence.first_times())] == [
        "Sat 2027-03-27 02:30 Europe/Berlin",
        "Sun 2027-03-28 03:30 Europe/Berlin",
        "Mon 2027-03-29 02:30 Europe/Berlin",
    ]


def test_next_times_of_an_interval() -> None:
    """A schedule with an interval fires first one interval after it was created, or at once."""
    recurrence = Recurrence(every_s=3600, since=datetime(2027, 3, 27, 12, tzinfo=UTC))
    times = asyncio.run(recurrence.first_times())
    assert [times[1] - times[0], times[2] - times[1]] == [timedelta(hours=1), timedelta(hours=1)]


def test_systemd_unit(voicemill: InThisProcess) -> None:
    """The printed systemd unit starts this installation's command in this folder and contains no secret."""
    with mock.patch.dict(os.environ, {"CARTESIA_API_KEY": "sk_car_secret"}):
        unit = voicemill("up", "--port", "4242", "--systemd").stdout
    assert re.search(r"^ExecStart=/.*/voicemill up --port 4242$", unit, re.MULTILINE)
    assert f"WorkingDirectory={Path.cwd()}" in unit
    assert "sk_car_secret" not in unit


def test_port_in_use(voicemill: InThisProcess) -> None:
    """`voicemill up` on a port in use fails with exit code 2 and a remedy."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        result = voicemill("up", "--port", str(taken.getsockname()[1]))
    assert (result.code, "choose another --port" in result.stderr) == (2, True)


def test_stored_schedule(voicemill: InThisProcess, service: SpeechService) -> None:
    """A schedule is stored with absolute paths and without the key, works in the current folder, and is listed."""
    write_manifest(Path("book.csv"), short_rows(1))
    command = ["--cron", "0 1 * * *", "--timezone", "Asia/Kolkata", "--", "run", "book.csv", "--voice", "James"]
    with mock.patch.dict(os.environ, {"CARTESIA_API_KEY": "sk_car_secret"}):
        added = voicemill("schedule", "add", "stored", *command).stdout.splitlines()
    assert [line.endswith(" 01:00 Asia/Kolkata") for line in added] == [False, True, True, True, False]
    [stored] = voicemill("schedule", "list", "--json").json
    assert (stored["fires"], stored["manifest"]) == ("0 1 * * * (Asia/Kolkata)", str(Path("book.csv").absolute()))
    assert (stored["results"], stored["served"]) == (str(Path("results/book").absolute()), False)
    assert stored["next_run"].endswith("T01:00:00+05:30")
    next_run = added[1].strip()
    assert f"next run {next_run} (not served now: start voicemill up)" in voicemill("schedule", "list").stdout
    deployment = asyncio.run(_stored_deployment("stored"))
    assert deployment.entrypoint == "flows.scheduled.scheduled"
    assert deployment.pull_steps == [
        {"prefect.deployments.steps.set_working_directory": {"directory": str(Path.cwd())}}
    ]
    assert "sk_car_secret" not in deployment.model_dump_json()
    assert voicemill("schedule", "remove", "stored").code == 0


async def _stored_deployment(name: str) -> DeploymentResponse:
    async with get_client() as client:
        return await client.read_deployment_by_name(f"scheduled/{name}")


def test_run_is_skipped_if_the_folder_is_in_use(prefect_server: str, service: SpeechService) -> None:
    """A scheduled run ends as Skipped, with a reason and without a call, if another run uses its folder."""
    write_manifest(Path("book.csv"), short_rows(2))

    async def run_schedule() -> Any:
        return await scheduled("book.csv", str(_RESULTS), return_state=True)

    with ignoring_prefect_sockets(), ResultsFolder(_RESULTS).locked():
        state = asyncio.run(run_schedule())
    assert (state.name, state.is_completed()) == ("Skipped", True)
    assert "is in use by process" in state.message
    assert service.requested == []


def test_late_run_is_skipped(prefect_server: str, service: SpeechService, monkeypatch: pytest.MonkeyPatch) -> None:
    """A run that starts two hours late is skipped with a limit of one hour and made with a limit of three."""
    write_manifest(Path("book.csv"), short_rows(2))
    due = datetime.now(UTC) - timedelta(hours=2)
    monkeypatch.setattr("flows.scheduled.flow_run", SimpleNamespace(scheduled_start_time=due, id=uuid.uuid4()))
    monkeypatch.setattr("flows.scheduled.deployment", SimpleNamespace(id=uuid.uuid4()))

    async def run_schedule(skip_if_later_than_s: float) -> Any:
        return await scheduled("book.csv", str(_RESULTS), skip_if_later_than_s=skip_if_later_than_s, return_state=True)

    with ignoring_prefect_sockets():
        skipped = asyncio.run(run_schedule(3600))
        assert (skipped.name, skipped.is_completed()) == ("Skipped", True)
        assert re.search(r"it is 72\d\d s late; the limit is 3600 s", skipped.message)
        assert service.requested == []
        assert asyncio.run(run_schedule(3 * 3600)).name == "Completed"
    assert len(service.requested) == 2
