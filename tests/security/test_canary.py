"""The API key appears only in request headers, and no text appears in logs or in Prefect's database."""

import subprocess
import traceback
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from unittest import mock

import pytest

from tests.faults.figures import Report
from tests.faults.network_faults import PERMANENT, TRANSIENT
from tests.flows.commands import InThisProcess, service_environment, start_process, wait_for_exit
from tests.flows.results import statuses, write_manifest
from tests.flows.speech_service import SpeechService
from tests.hostile_server import Call, Reply
from tests.hostile_speech import error_reply, speech
from tests.security.canary import KEY, children_of, files_below, forms, found_in, processes_of
from voicemill.config import Settings
from voicemill.pipeline import shard
from voicemill.pipeline.execute import RunSpec, execute

_PROFILE = """
[pace]
passes = 1
attempts = 1
first_wait_s = 0.01
longest_wait_s = 0.02
attempt_deadline_s = 1.0
same_refusals = 0
max_concurrency = 2
"""
_LOOK_EVERY_S = 0.05
"""How often the test looks for child processes before the first request."""
_WORD = "Whispered"
"""A word in every text; it may occur only in results and requests."""


def _text(what: str) -> str:
    """A transcript. All have the same length, because longer ones would be sent first."""
    return f"{_WORD}: {what}".ljust(80, ".")


@pytest.fixture
def treacherous(service: SpeechService) -> Iterator[SpeechService]:
    """A service that fails differently for each text, and echoes the key wherever possible."""

    def failing(name: str, call: Call) -> Reply:
        assert call.headers["x-api-key"] == KEY
        return ({**TRANSIENT, **PERMANENT})[name](speech(call))

    for name in (*TRANSIENT, *PERMANENT):
        service.replies[_text(name)] = lambda call, name=name: failing(name, call)  # type: ignore[misc]
    for status in (400, 422, 429, 500, 503):
        reply = error_reply(status, f"Your key {KEY}", f"is odd: {KEY}", KEY, X_Request_Id="r", Retry_After=KEY)
        service.replies[_text(f"the key back with {status}")] = reply
    with service_environment(service.url, KEY):
        yield service


def test_key_is_in_no_output(
    voicemill: InThisProcess, treacherous: SpeechService, prefect_home: str, tmp_path: Path, report: Report
) -> None:
    """After every kind of failure the key is in no output, result, database, log, command line or other process."""
    (tmp_path / "profile.toml").write_text(_PROFILE)
    # A success after each failure: with many failures in a row the run would detect an outage and pause.
    texts = [text for n, failing in enumerate(treacherous.replies) for text in (failing, _text(f"all well {n}"))]
    write_manifest(tmp_path / "book.csv", [{"id": f"row-{n}", "transcript": text} for n, text in enumerate(texts)])
    places: dict[str, bytes] = {}
    process = start_process("run", "book.csv", "-o", "results", "--profile", "profile.toml")
    while process.poll() is None and not treacherous.requested:
        places |= dict(children_of(process.pid))
        with suppress(subprocess.TimeoutExpired):
            process.wait(_LOOK_EVERY_S)
    places |= dict(processes_of(prefect_home))
    assert any("flows.prefect_server.process" in place for place in places)
    ended = wait_for_exit(process)
    assert ended.code == 1, ended.stderr
    assert set(statuses(tmp_path / "results").values()) == {"done", "failed", "refused"}
    status = "".join(voicemill("status", "results", option).stdout for option in ("--json", "--watch"))
    fatal = _fatal(voicemill, treacherous, tmp_path)
    outputs = {"output": (ended.stdout + ended.stderr).encode(), "fatal output": fatal, "status": status.encode()}
    places |= outputs | dict(files_below(tmp_path, Path(prefect_home)))
    assert [(name, found) for name, content in places.items() if (found := found_in(content))] == []
    assert all(any(name.endswith(end) for name in places) for end in ("prefect.db-wal", "events.jsonl"))
    assert any(name.startswith("data of ") for name in places)
    places_with_text = {name for name, content in places.items() if _WORD.encode() in content}
    assert not [name for name in places_with_text if prefect_home in name or name in outputs]
    report(
        "key",
        {
            "found": 0,
            "forms": len(forms(KEY)),
            "places": len(places),
            "bytes_searched": sum(map(len, places.values())),
            "ways_of_failing": len(treacherous.replies) + 2,
        },
    )


def _fatal(voicemill: InThisProcess, service: SpeechService, folder: Path) -> bytes:
    """The output of runs that end because of a refused key and an empty account."""
    output = b""
    write_manifest(folder / "fatal.csv", [{"id": "fatal", "transcript": f"{_WORD}: fatal."}])
    for status in (401, 402):
        service.replies[f"{_WORD}: fatal."] = error_reply(status, "Unauthorized", f"Not with {KEY}")
        ended = voicemill("run", "fatal.csv", "-o", f"fatal-{status}")
        assert ended.code == 4
        output += (ended.stdout + ended.stderr).encode()
    return output


async def test_tracebacks_do_not_contain_the_key(treacherous: SpeechService, tmp_path: Path) -> None:
    """The traceback of an unexpected error does not contain the key, even in local variables of product frames."""
    write_manifest(tmp_path / "book.csv", [{"id": "a", "transcript": f"{_WORD}: all well."}])
    broken = mock.patch.object(shard, "write_part", side_effect=RuntimeError("unforeseen"))
    with broken, pytest.raises(RuntimeError, match="unforeseen") as caught:
        await execute(RunSpec(str(tmp_path / "book.csv"), tmp_path / "results", Settings()))
    shown = traceback.TracebackException.from_exception(caught.value, capture_locals=True)
    for frame in shown.stack:
        if "/tests/" not in frame.filename:
            assert found_in(f"{frame.locals}".encode()) == [], frame
    assert len(shown.stack) > 5
