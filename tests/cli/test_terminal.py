"""Terminal output of real processes, from the first line to the exit code."""

import os
import pty
import re
import signal
import subprocess
import sys
import threading
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest

from tests.flows.commands import COMMAND, InThisProcess, run_process, start_process, wait_for_exit
from tests.flows.forked import ForkedCommands
from tests.flows.results import short_rows, statuses, violations, write_manifest
from tests.flows.speech_service import SpeechService
from tests.hostile_server import Call, Reply
from tests.hostile_speech import error_reply, speech
from tests.waiting import PATIENCE_S

_RESULTS = Path("results/book")


def test_the_embedded_engine(prefect_server: str) -> None:
    """Without a key the embedded engine is used: the first line says so, and stderr holds nothing from Prefect."""
    write_manifest(Path("book.csv"), short_rows(3))
    ended = run_process("run", "book.csv")
    assert ended.code == 0
    assert ended.stderr.startswith(
        "CARTESIA_API_KEY is not set: using the embedded engine, offline and free of charge."
    )
    assert _without_progress(ended.stderr)[1:] == ["3 rows checked: 3 calls, 54 characters."]
    assert ended.stdout.startswith("3 done of 3 rows\n3 calls, no charge, ")
    assert violations(_RESULTS) == []


def test_a_failing_run_prints_no_prefect_output(
    forked: ForkedCommands, service: SpeechService, fast_retries: Path
) -> None:
    """A run with failed and refused rows says so in its summary; stderr holds the host and nothing from Prefect."""
    write_manifest(Path("book.csv"), short_rows(3))
    service.replies = {
        "Sentence number 0.": error_reply(404, "No", "Not this"),
        "Sentence number 1.": error_reply(503, "No", "Later"),
    }
    ended = wait_for_exit(forked.start("run", "book.csv", "--profile", fast_retries))
    assert ended.code == 1
    assert _without_progress(ended.stderr) == [f"Calls go to {service.url}.", "3 rows checked: 3 calls, 54 characters."]
    assert ended.stdout.startswith("1 done, 1 failed, 1 refused of 3 rows\n")


@pytest.mark.without_prefect
def test_standard_input(voicemill: InThisProcess, service: SpeechService, monkeypatch: pytest.MonkeyPatch) -> None:
    """A manifest from a pipe is run as one from a file, into results/stdin, and --json prints nothing but JSON."""
    reading, writing = os.pipe()
    with os.fdopen(reading) as pipe:
        with os.fdopen(writing, "wb") as manifest:
            manifest.write(b"id,transcript\na,One.\nb,Two.\n")
        monkeypatch.setattr(sys, "stdin", pipe)
        ended = voicemill("run", "-", "--json")
    assert ended.code == 0, ended.stderr
    assert ended.json["rows"] == {"done": 2, "failed": 0, "refused": 0, "not_started": 0}
    assert sorted(service.requested) == ["One.", "Two."]
    assert statuses(Path("results/stdin")) == {"a": "done", "b": "done"}


@pytest.mark.without_prefect  # of the rerun in this process
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_run(
    voicemill: InThisProcess, service: SpeechService, forked: ForkedCommands, number: signal.Signals
) -> None:
    """Ctrl-C and SIGTERM end a run with 7 after the calls in flight; the next run uses their answers."""
    write_manifest(Path("book.csv"), short_rows(24))
    process = forked.start("run", "book.csv", "--max-concurrency", "4")

    def interrupt(call: Call) -> Reply:
        if len(service.requested) == 6:
            os.kill(process.pid, number)
        return replace(speech(call), delay_s=0.0 if len(service.requested) < 6 else 0.5)

    service.replies["*"] = interrupt
    ended = wait_for_exit(process)
    requested_before = len(service.requested)
    assert ended.code == 7, ended.stderr
    assert "interrupted" in ended.stdout
    assert "Rerun the same command to resume" in ended.stdout
    assert "Traceback" not in ended.stderr
    assert 6 <= requested_before < 24
    row_statuses = list(statuses(_RESULTS).values())
    assert (row_statuses.count("done"), row_statuses.count("not_started")) == (requested_before, 24 - requested_before)
    assert voicemill("run", "book.csv").code == 0
    assert sorted(service.requested) == sorted(row["transcript"] for row in short_rows(24))
    assert violations(_RESULTS) == []


@pytest.mark.without_prefect
def test_interrupted_again(voicemill: InThisProcess, service: SpeechService, forked: ForkedCommands) -> None:
    """A second Ctrl-C ends the process without waiting for the calls in flight; only those calls are repeated."""
    write_manifest(Path("book.csv"), short_rows(8))
    slow = threading.Event()
    service.replies["*"] = lambda call: slow.set() or replace(speech(call), delay_s=60)  # type: ignore[func-returns-value]
    process = forked.start("run", "book.csv", "--max-concurrency", "4")
    assert slow.wait(PATIENCE_S)
    while process.poll() is None:
        process.send_signal(signal.SIGINT)
        with suppress(subprocess.TimeoutExpired):
            process.wait(0.1)
    ended = wait_for_exit(process)
    assert ended.code == -signal.SIGINT
    assert "Traceback" not in ended.stderr
    service.replies.clear()
    assert voicemill("run", "book.csv").code == 0
    assert len(service.requested) <= 8 + 4
    assert violations(_RESULTS) == []


def test_interrupted_before_the_first_call(voicemill: InThisProcess, service: SpeechService) -> None:
    """Ctrl-C while the run is still being prepared ends with 7, one line and no traceback."""
    write_manifest(Path("book.csv"), short_rows(2))
    process = start_process("run", "book.csv")

    def interrupt(call: Call) -> Reply:
        os.kill(process.pid, signal.SIGINT)
        return Reply(200, delay_s=60)

    service.server.script = interrupt
    ended = wait_for_exit(process)
    assert ended.code == 7
    assert ended.stderr.splitlines()[-1] == "voicemill: interrupted; rerun the same command to resume"
    assert "Traceback" not in ended.stderr
    assert service.requested == []


def test_progress_on_a_terminal(prefect_server: str, service: SpeechService) -> None:
    """On a terminal a few lines show rows, calls and audio, and are cleared before the summary is printed."""
    write_manifest(Path("book.csv"), short_rows(20))
    service.speaker.latency_s = 0.2
    controller, terminal = pty.openpty()
    process = subprocess.Popen([COMMAND, "run", "book.csv"], stdin=terminal, stdout=terminal, stderr=terminal)
    os.close(terminal)
    seen = _read_all(controller)
    assert process.wait() == 0
    assert "/20 rows" in seen
    assert "/20 calls" in seen
    assert "in flight" in seen
    assert seen.index("/20 rows") < seen.index("20 done of 20 rows")


def test_two_runs_in_one_folder(forked: ForkedCommands, service: SpeechService) -> None:
    """If two runs start at once in one folder, one may be refused, and neither uses the plan of the other."""
    service.speaker.latency_s = 0.1
    write_manifest(Path("short.csv"), short_rows(10))
    write_manifest(Path("long.csv"), short_rows(15))
    started = [forked.start("run", name, "-o", "book", "--json") for name in ("short.csv", "long.csv")]
    short, long = map(wait_for_exit, started)
    assert sorted((short.code, long.code)) in ([0, 0], [0, 8])
    for ended, rows in ((short, 10), (long, 15)):
        if ended.code:
            # The process number may not be written yet.
            assert re.search(r"is in use by (process \d+ on .+|another process);", ended.stderr)
        else:
            assert ended.json["rows"]["done"] == rows
    assert len(service.requested) == len(set(service.requested))


def _without_progress(stderr: str) -> list[str]:
    """The lines without those of the progress, which a run prints when it takes long."""
    return [line for line in stderr.splitlines() if " rows done · " not in line]


def _read_all(descriptor: int) -> str:
    said = b""
    while True:
        try:
            read = os.read(descriptor, 65536)
        except OSError:  # Linux raises this when no process has the terminal open
            read = b""
        if not read:
            os.close(descriptor)
            return said.decode()
        said += read
