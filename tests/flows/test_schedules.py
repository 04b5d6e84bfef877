"""Recurring runs: stored by Prefect, executed by `voicemill up`, each call billed once."""

import asyncio
import json
import os
import re
import signal
import socket
import subprocess
import uuid
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from unittest import mock

import pytest

from flows.scheduled import scheduled
from tests.flows.commands import InThisProcess, ignoring_prefect_sockets, run_process, start_process, wait_for_exit
from tests.flows.results import short_rows, statuses, violations, write_manifest
from tests.flows.speech_service import SpeechService
from tests.waiting import wait_until
from voicemill.store.results_folder import ResultsFolder

_RESULTS = Path("out")


@pytest.fixture
def port(tmp_path: Path) -> Iterator[int]:
    """A free port where the test's commands expect Prefect, with a separate Prefect home."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        number = int(free.getsockname()[1])
    variables = {"PREFECT_HOME": str(tmp_path / "prefect"), "PREFECT_API_URL": f"http://127.0.0.1:{number}/api"}
    with mock.patch.dict(os.environ, variables):
        yield number


@pytest.fixture
def up(port: int) -> Iterator["subprocess.Popen[bytes]"]:
    """A running `voicemill up`."""
    # Prefect polls for work every ten seconds; shorter intervals make the test faster.
    intervals = {"PREFECT_WORKER_QUERY_SECONDS": "1", "PREFECT_SERVER_SERVICES_SCHEDULER_LOOP_SECONDS": "2"}
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
    """A schedule runs repeatedly: after one row is added, the next run makes only its call."""
    rows = short_rows(3)
    write_manifest(Path("book.csv"), rows[:2])
    added = run_process("schedule", "add", "nightly", "--every", "30", "--", "run", "book.csv", "-o", str(_RESULTS))
    assert (added.code, added.stdout) == (0, "Created schedule 'nightly'. Serve it with voicemill up.\n"), added.stderr
    table = _RESULTS / "items.parquet"
    _wait_for(table.exists, up)
    write_manifest(Path("new.csv"), rows).replace("book.csv")
    _wait_for(lambda: len(statuses(_RESULTS)) == 3, up)
    assert sorted(service.requested) == [row["transcript"] for row in rows]
    assert violations(_RESULTS) == []
    _wait_for(lambda: _schedule("nightly")["last_state"] in ("Completed", "Skipped"), up)
    schedule = _schedule("nightly")
    assert (schedule["fires"], schedule["paused"]) == ("every 30 s", False)
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


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--cron", "0 1 * * *", "--", "plan", "book.csv"], "only runs can be scheduled, not 'plan'"),
        (["--cron", "0 1 * * *", "--", "run", "-"], "standard input cannot be scheduled"),
        (["--cron", "0 1 * * *", "--", "run"], "invalid run command: "),
        (["--cron", "0 1 * * *", "--", "run", "book.csv", "--speed", "3"], "No such option"),
        (["--cron", "soon", "--", "run", "book.csv"], "correct --cron or --timezone"),
        (["--cron", "0 1 * * *", "--timezone", "Moon/Base", "--", "run", "book.csv"], "correct --cron or --timezone"),
        (["--", "run", "book.csv"], "set either --cron"),
    ],
)
def test_command_that_cannot_recur_is_refused(voicemill: InThisProcess, arguments: list[str], message: str) -> None:
    """A command that is not a run, or has invalid options or times, is refused with exit code 2."""
    result = voicemill("schedule", "add", "nightly", *arguments)
    assert (result.code, message in result.stderr) == (2, True), result.stderr


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


def test_deployment_parameters_contain_no_secret(voicemill: InThisProcess, service: SpeechService) -> None:
    """Prefect stores a schedule's manifest, folder and settings, with absolute paths and without the key."""
    with mock.patch.dict(os.environ, {"CARTESIA_API_KEY": "sk_car_secret"}):
        voicemill("schedule", "add", "stored", "--cron", "0 1 * * *", "--", "run", "book.csv", "--voice", "James")
    [stored] = voicemill("schedule", "list", "--json").json
    assert (stored["fires"], stored["manifest"]) == ("0 1 * * * (UTC)", str(Path("book.csv").absolute()))
    assert stored["results"] == str(Path("results/book").absolute())
    assert "sk_car_secret" not in json.dumps(stored)
    assert voicemill("schedule", "remove", "stored").code == 0


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
