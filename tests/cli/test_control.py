"""Control of a live run: pause, resume, concurrency, budget, stop; and the limit on errors."""

import asyncio
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.flows.commands import InThisProcess, wait_for_exit
from tests.flows.forked import ForkedCommands, ForkedProcess
from tests.flows.results import short_rows, statuses, violations, write_manifest
from tests.flows.speech_service import SpeechService
from tests.hostile_server import Call, Reply
from tests.hostile_speech import error_reply, speech
from tests.waiting import PATIENCE_S, wait_until
from voicemill.cli import control
from voicemill.store.results_folder import ResultsFolder, read_json

_RESULTS = Path("results/book")


@pytest.fixture
def live(
    voicemill: InThisProcess, service: SpeechService, forked: ForkedCommands, monkeypatch: pytest.MonkeyPatch
) -> Iterator[ForkedProcess]:
    """A run of 60 rows with one concurrent call, which ends once `service.replies` is empty."""
    monkeypatch.setattr(control, "_TIMEOUT_S", PATIENCE_S)
    write_manifest(Path("book.csv"), short_rows(60))
    begun = threading.Event()

    async def when_released(call: Call) -> Reply:
        begun.set()
        while service.replies:
            await asyncio.sleep(0.01)
        return speech(call)

    service.replies["*"] = when_released
    process = forked.start("run", "book.csv", "--max-concurrency", "1", "--json")
    assert begun.wait(PATIENCE_S)
    with process:
        yield process
        if process.poll() is None:
            process.kill()


def _calls_made_at_rest() -> int:
    """The number of calls in a later progress report, once it has no call in flight."""
    folder = ResultsFolder(_RESULTS)
    seen = _progress(folder)["at"]
    return int(wait_until(lambda: _progress_at_rest(folder, seen), "progress without a call in flight")["calls_made"])


def _progress_at_rest(folder: ResultsFolder, seen: str) -> dict[str, Any] | None:
    progress = _progress(folder)
    return progress if progress["at"] > seen and progress["calls_in_flight"] == 0 else None


def _progress(folder: ResultsFolder) -> dict[str, Any]:
    progress = read_json(folder.progress)
    assert progress is not None
    return progress


def _stop(voicemill: InThisProcess) -> None:
    ended = voicemill("control", _RESULTS, "--stop")
    assert ended.stdout == f"{_RESULTS}: stopping after the calls in flight.\n"


def test_pause_and_resume(voicemill: InThisProcess, service: SpeechService, live: ForkedProcess) -> None:
    """A paused run starts no call until it is resumed; then all its rows are done with one call each."""
    assert voicemill("control", _RESULTS, "--pause").stdout.startswith(
        f"{_RESULTS}: paused; resume with voicemill control"
    )
    service.replies.clear()
    assert [_calls_made_at_rest(), _calls_made_at_rest(), len(service.requested)] == [1, 1, 1]
    resumed = voicemill("control", _RESULTS, "--resume", "--max-concurrency", "16", "--json").json
    assert (resumed["paused"], resumed["max_concurrency"]) == (False, 16)
    ended = wait_for_exit(live)
    assert (ended.code, ended.json["rows"]["done"]) == (0, 60)
    assert len(service.requested) == 60
    assert violations(_RESULTS) == []


def test_higher_concurrency(voicemill: InThisProcess, service: SpeechService, live: ForkedProcess) -> None:
    """A live run uses a higher concurrency."""
    output = voicemill("control", _RESULTS, "--max-concurrency", "12").stdout
    assert output == f"{_RESULTS}: running, 12 concurrent calls.\n"
    wait_until(lambda: max(call.in_flight for call in service.server.calls) >= 10, "ten calls in flight")
    _stop(voicemill)
    service.replies.clear()
    assert wait_for_exit(live).code == 7


def test_budget_for_a_live_run(voicemill: InThisProcess, service: SpeechService, live: ForkedProcess) -> None:
    """A budget set for a live run ends it with exit code 6 when it is spent, and is not exceeded."""
    assert "at most 500 credits" in voicemill("control", _RESULTS, "--max-credits", "500").stdout
    service.replies.clear()
    ended = wait_for_exit(live)
    assert (ended.code, ended.json["credits"] <= 500) == (6, True)
    assert 500 - 25 < sum(map(len, service.requested)) <= 500


@pytest.mark.without_prefect  # of the rerun in this process
def test_stop_while_paused(voicemill: InThisProcess, service: SpeechService, live: ForkedProcess) -> None:
    """Stopping a paused run ends it with exit code 7, and the next run makes the rest."""
    voicemill("control", _RESULTS, "--pause")
    _stop(voicemill)
    service.replies.clear()
    assert wait_for_exit(live).code == 7
    assert voicemill("run", "book.csv").code == 0
    assert len(service.requested) == 60


def test_control_without_a_live_run(voicemill: InThisProcess) -> None:
    """Without a live run or without an option the command fails with exit code 2 and a reason."""
    ResultsFolder(_RESULTS).create()
    ended = voicemill("control", _RESULTS, "--pause")
    assert (ended.code, f"no live run in {_RESULTS}" in ended.stderr) == (2, True)
    assert "no change given" in voicemill("control", _RESULTS).stderr
    assert "exclude each other" in voicemill("control", _RESULTS, "--pause", "--resume").stderr
    assert not ResultsFolder(_RESULTS).control.exists()


@pytest.mark.parametrize("allowed", ["5", pytest.param("0.1", marks=pytest.mark.without_prefect)])
def test_too_many_errors(voicemill: InThisProcess, service: SpeechService, allowed: str) -> None:
    """A run that exceeds its error limit stops with exit code 1 and a reason; the rest is not started."""
    write_manifest(Path("book.csv"), short_rows(50))
    service.replies["*"] = error_reply(400, "No", "Not this")
    ended = voicemill("run", "book.csv", "--fail-on-error", allowed, "--max-concurrency", "1")
    assert ended.code == 1
    assert "6 rows failed or were refused, more than --fail-on-error" in ended.stdout
    assert len(service.requested) == 6
    found = list(statuses(_RESULTS).values())
    assert (found.count("refused"), found.count("not_started")) == (6, 44)


@pytest.mark.without_prefect
def test_errors_within_the_limit(voicemill: InThisProcess, service: SpeechService) -> None:
    """A run within its error limit is not stopped."""
    rows = short_rows(20)
    write_manifest(Path("book.csv"), rows)
    for row in rows[:2]:
        service.replies[row["transcript"]] = error_reply(400, "No", "Not this")
    assert voicemill("run", "book.csv", "--fail-on-error", "0.1").code == 3
    assert list(statuses(_RESULTS).values()).count("done") == 18
