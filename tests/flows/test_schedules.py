"""Runs that recur: kept by Prefect, served by `voicemill up`, paid for once."""

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
    """A free port, at which commands of this test look for Prefect, with a home of its own."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        number = int(free.getsockname()[1])
    own = {"PREFECT_HOME": str(tmp_path / "prefect"), "PREFECT_API_URL": f"http://127.0.0.1:{number}/api"}
    with mock.patch.dict(os.environ, own):
        yield number


@pytest.fixture
def up(port: int) -> Iterator["subprocess.Popen[bytes]"]:
    """`voicemill up`, serving."""
    # Prefect looks for work every ten seconds; a test need not wait so long.
    quick = {"PREFECT_WORKER_QUERY_SECONDS": "1", "PREFECT_SERVER_SERVICES_SCHEDULER_LOOP_SECONDS": "2"}
    process = start_process("up", "--port", str(port), environment=quick)
    with process:
        assert process.stderr is not None
        assert "Schedules are served" in process.stderr.readline().decode()
        yield process
        if process.poll() is None:
            process.kill()


def _wait_for(what: Callable[[], bool], process: "subprocess.Popen[bytes]") -> None:
    wait_until(lambda: process.poll() is not None or what(), "a scheduled run")
    assert process.poll() is None


def _told(name: str) -> dict[str, object]:
    [found] = [one for one in run_process("schedule", "list", "--json").json if one["name"] == name]
    return dict(found)


@pytest.mark.schedules
@pytest.mark.timeout(600)
def test_a_schedule_fires_by_itself(service: SpeechService, up: "subprocess.Popen[bytes]", port: int) -> None:
    """A schedule runs by itself, and again: the second time on one new row, which is all that is paid for."""
    rows = short_rows(3)
    write_manifest(Path("book.csv"), rows[:2])
    added = run_process("schedule", "add", "nightly", "--every", "30", "--", "run", "book.csv", "-o", str(_RESULTS))
    assert (added.code, added.stdout) == (0, "Schedule 'nightly' is set; voicemill up serves it.\n"), added.stderr
    table = _RESULTS / "items.parquet"
    _wait_for(table.exists, up)
    write_manifest(Path("new.csv"), rows).replace("book.csv")
    _wait_for(lambda: len(statuses(_RESULTS)) == 3, up)
    assert sorted(service.requested) == [row["transcript"] for row in rows]
    assert violations(_RESULTS) == []
    _wait_for(lambda: _told("nightly")["last_state"] in ("Completed", "Skipped"), up)
    told = _told("nightly")
    assert (told["fires"], told["paused"]) == ("every 30 s", False)
    assert run_process("schedule", "pause", "nightly").code == 0
    assert _told("nightly")["paused"] is True
    assert run_process("schedule", "resume", "nightly").code == 0
    assert run_process("schedule", "remove", "nightly").code == 0
    assert run_process("schedule", "list", "--json").json == []
    assert "existing schedules: none" in run_process("schedule", "pause", "nightly").stderr
    up.send_signal(signal.SIGINT)
    ended = wait_for_exit(up)
    assert (ended.code, ended.stderr) == (0, "Ended; schedules wait for the next voicemill up.\n")
    with socket.create_server(("127.0.0.1", port)):
        pass  # nobody is left there


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--cron", "0 1 * * *", "--", "plan", "book.csv"], "'plan' cannot recur"),
        (["--cron", "0 1 * * *", "--", "run", "-"], "standard input cannot recur"),
        (["--cron", "0 1 * * *", "--", "run"], "the command of the schedule is no run: "),
        (["--cron", "0 1 * * *", "--", "run", "book.csv", "--speed", "3"], "No such option"),
        (["--cron", "soon", "--", "run", "book.csv"], "correct --cron or --timezone"),
        (["--cron", "0 1 * * *", "--timezone", "Moon/Base", "--", "run", "book.csv"], "correct --cron or --timezone"),
        (["--", "run", "book.csv"], "set either --cron"),
    ],
)
def test_what_cannot_recur(voicemill: InThisProcess, arguments: list[str], said: str) -> None:
    """What is no recurring run is refused with 2 before anything is kept."""
    ended = voicemill("schedule", "add", "nightly", *arguments)
    assert (ended.code, said in ended.stderr) == (2, True), ended.stderr


def test_a_unit_for_systemd(voicemill: InThisProcess) -> None:
    """The printed unit starts this installation's command in this folder, and holds no secret."""
    with mock.patch.dict(os.environ, {"CARTESIA_API_KEY": "sk_car_secret"}):
        unit = voicemill("up", "--port", "4242", "--systemd").stdout
    assert re.search(r"^ExecStart=/.*/voicemill up --port 4242$", unit, re.MULTILINE)
    assert f"WorkingDirectory={Path.cwd()}" in unit
    assert "sk_car_secret" not in unit


def test_a_taken_port(voicemill: InThisProcess) -> None:
    """`up` at a port that is taken says so, and starts nothing."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        ended = voicemill("up", "--port", str(taken.getsockname()[1]))
    assert (ended.code, "choose another --port" in ended.stderr) == (2, True)


def test_the_parameters_hold_no_secret(voicemill: InThisProcess, service: SpeechService) -> None:
    """What Prefect keeps of a schedule is manifest, folder and settings, with whole paths and without the key."""
    with mock.patch.dict(os.environ, {"CARTESIA_API_KEY": "sk_car_secret"}):
        voicemill("schedule", "add", "kept", "--cron", "0 1 * * *", "--", "run", "book.csv", "--voice", "James")
    [kept] = voicemill("schedule", "list", "--json").json
    assert (kept["fires"], kept["manifest"]) == ("0 1 * * * (UTC)", str(Path("book.csv").absolute()))
    assert kept["results"] == str(Path("results/book").absolute())
    assert "sk_car_secret" not in json.dumps(kept)
    assert voicemill("schedule", "remove", "kept").code == 0


def test_a_folder_in_use_is_skipped(prefect_server: str, service: SpeechService) -> None:
    """A scheduled run that finds another at work in its folder ends as Skipped, says so, and asks nothing."""
    write_manifest(Path("book.csv"), short_rows(2))

    async def met() -> Any:
        return await scheduled("book.csv", str(_RESULTS), return_state=True)

    with ignoring_prefect_sockets(), ResultsFolder(_RESULTS).locked():
        state = asyncio.run(met())
    assert (state.name, state.is_completed()) == ("Skipped", True)
    assert "is in use by process" in state.message
    assert service.requested == []


def test_a_late_run_is_skipped(prefect_server: str, service: SpeechService, monkeypatch: pytest.MonkeyPatch) -> None:
    """A run two hours after its time asks nothing where it may be an hour late, and is made where it may be later."""
    write_manifest(Path("book.csv"), short_rows(2))
    due = datetime.now(UTC) - timedelta(hours=2)
    monkeypatch.setattr("flows.scheduled.flow_run", SimpleNamespace(scheduled_start_time=due, id=uuid.uuid4()))
    monkeypatch.setattr("flows.scheduled.deployment", SimpleNamespace(id=uuid.uuid4()))

    async def ended(skip_if_later_than_s: float) -> Any:
        return await scheduled("book.csv", str(_RESULTS), skip_if_later_than_s=skip_if_later_than_s, return_state=True)

    with ignoring_prefect_sockets():
        skipped = asyncio.run(ended(3600))
        assert (skipped.name, skipped.is_completed()) == ("Skipped", True)
        assert re.search(r"it is 72\d\d s late; the limit is 3600 s", skipped.message)
        assert service.requested == []
        assert asyncio.run(ended(3 * 3600)).name == "Completed"
    assert len(service.requested) == 2
