"""The commands `validate`, `plan`, `status`, `voices` and `engine`."""

import json
import re
import signal
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.flows.commands import KEY, InThisProcess, run_process, service_environment, start_process, wait_for_exit
from tests.flows.disks import disk_that_fails_after
from tests.flows.results import items, short_rows, violations, write_manifest
from tests.flows.speech_service import SpeechService
from tests.hostile_speech import error_reply

pytestmark = pytest.mark.without_prefect

_BAD = "id,transcript,container\na,Hello,wav\na,Bye,ogg\nb,,wav\n"


@pytest.fixture
def quick(capfd: pytest.CaptureFixture[str]) -> InThisProcess:
    """The command without a Prefect server."""
    return InThisProcess(capfd)


def test_validate_lists_every_problem(quick: InThisProcess, service: SpeechService) -> None:
    """All problems of a manifest are listed by row and column, and no speech is requested."""
    Path("bad.csv").write_text(_BAD)
    ended = quick("validate", "bad.csv")
    assert ended.code == 2
    lines = ended.stdout.splitlines()
    assert [line.split(":")[0] for line in lines[:-1]] == [
        "row 2, column container",
        "row 2, column id",
        "row 3, column transcript",
    ]
    assert lines[-1] == "bad.csv: 3 problems; no row was sent."
    listed = quick("validate", "bad.csv", "--json").json
    assert (listed["rows"], listed["problem_count"]) == (1, 3)
    assert [(problem["row"], problem["column"]) for problem in listed["problems"]] == [
        (2, "container"),
        (2, "id"),
        (3, "transcript"),
    ]
    assert service.requested == []
    assert not Path("results").exists()


def test_validate_accepts_a_valid_manifest(quick: InThisProcess) -> None:
    """A valid manifest is reported as valid, without a key and without writing files."""
    write_manifest(Path("book.csv"), short_rows(3))
    ended = quick("validate", "book.csv")
    assert (ended.code, ended.stdout) == (0, "book.csv: 3 rows, all valid.\n")
    assert [path.name for path in Path.cwd().iterdir()] == ["book.csv"]


@pytest.mark.parametrize("arguments", [["--version"], ["plan", "book.csv"]])
def test_commands_without_orchestration_do_not_import_prefect(arguments: list[str]) -> None:
    """Commands that need no orchestration do not import Prefect."""
    write_manifest(Path("book.csv"), short_rows(3))
    ended = run_process(*arguments, environment={"PYTHONPROFILEIMPORTTIME": "1"})
    assert ended.code == 0
    assert "voicemill.errors" in ended.stderr
    assert not re.search(r"\| +prefect\b", ended.stderr)


def test_plan_excludes_paid_calls(voicemill: InThisProcess, service: SpeechService) -> None:
    """The plan counts each call once, excludes paid ones, and prices the rest."""
    rows = short_rows(10)
    write_manifest(Path("book.csv"), rows[:4])
    voicemill("run", "book.csv", "-o", "results")
    service.reset_calls()
    write_manifest(Path("book.csv"), [*rows, {"id": "again", "transcript": rows[0]["transcript"]}])
    figures = voicemill("plan", "book.csv", "-o", "results", "--json").json
    assert (figures["rows"], figures["calls"], figures["calls_repeated"]) == (11, 11, 1)
    assert (figures["calls_paid"], figures["calls_to_pay"]) == (4, 6)
    assert figures["credits_to_pay"] == sum(len(row["transcript"]) for row in rows[4:])
    assert [plan["name"] for plan in figures["price_plans"]] == ["Free", "Pro", "Startup", "Scale"]
    assert service.requested == []
    planned = voicemill("plan", "book.csv", "-o", "results")
    assert planned.code == 0
    assert "book.csv: 11 rows, 11 calls, 198 characters\n" in planned.stdout
    assert re.search(r"calls +6 +to make \(4 stored already, 1 duplicate\)", planned.stdout)


def test_plan_and_run_count_the_same(voicemill: InThisProcess, service: SpeechService) -> None:
    """The plan, the run, the table and `run.json` count the characters that are sent and billed."""
    text = "  First   line\nof a paragraph.\n\n\n* * *\n\nSecond paragraph.  "
    rows = [{"id": "a", "transcript": text}, {"id": "b", "transcript": text}, {"id": "c", "transcript": " Other. "}]
    write_manifest(Path("book.csv"), rows)
    planned = voicemill("plan", "book.csv")
    figures = voicemill("plan", "book.csv", "--json").json
    ended = voicemill("run", "book.csv", "-o", "results")
    sent = len("First line of a paragraph.") + len("Second paragraph.")
    counts = f"5 calls, {2 * sent + len('Other.')} characters"
    assert planned.stdout.startswith(f"book.csv: 3 rows, {counts}\n")
    assert f"3 rows checked: {counts}.\n" in ended.stderr
    assert f"{sent + len('Other.')} credits" in ended.stdout
    assert figures["credits_to_pay"] == sum(map(len, service.requested)) == sent + len("Other.")
    assert sum(item["characters"] for item in items(Path("results"))) == figures["characters"]
    about = json.loads(Path("results/run.json").read_text())["manifest"]
    assert {name: about[name] for name in about if name not in ("path", "sha256")} == {
        name: figures[name] for name in ("rows", "rows_guessed", "calls", "characters", "transcribed_s", "converted_s")
    }


def test_plan_refuses_an_invalid_manifest(quick: InThisProcess, service: SpeechService) -> None:
    """A manifest with problems cannot be planned."""
    Path("bad.csv").write_text(_BAD)
    ended = quick("plan", "bad.csv")
    assert ended.code == 2
    assert "bad.csv: 3 problems" in ended.stderr


def test_status_of_a_finished_run(voicemill: InThisProcess, service: SpeechService, fast_retries: Path) -> None:
    """After a run, `status` prints the number of rows by outcome and why the run ended."""
    write_manifest(Path("book.csv"), short_rows(5))
    service.replies["Sentence number 2."] = error_reply(400, "No", "Not this")
    voicemill("run", "book.csv", "-o", "results")
    standing = voicemill("status", "results", "--json").json
    assert standing["state"] == "ended"
    assert standing["rows"] == {"done": 4, "failed": 0, "refused": 1, "not_started": 0}
    lines = voicemill("status", "results").stdout.splitlines()
    assert lines[0] == "results: ended"
    assert lines[1].split() == ["done", "4"]
    assert lines[-1] == "Reason: 1 row was refused"


def test_status_of_an_interrupted_run(voicemill: InThisProcess, service: SpeechService) -> None:
    """After an interrupted run, `status` says so and how to resume."""
    write_manifest(Path("book.csv"), short_rows(5))
    with disk_that_fails_after(30):
        assert voicemill("run", "book.csv", "-o", "results", "--max-concurrency", "1").code == 5
    standing = voicemill("status", "results", "--json").json
    assert standing["state"] == "interrupted"
    assert sum(standing["rows"].values()) == 5
    assert "Rerun the same command to resume" in voicemill("status", "results").stdout
    assert voicemill("run", "book.csv", "-o", "results").code == 0
    assert voicemill("status", "results", "--json").json["state"] == "ended"


def test_voices_list(quick: InThisProcess, service: SpeechService) -> None:
    """The voices of the service are listed with their full ids, as a table and as JSON."""
    voices = quick("voices", "list", "--json").json
    assert [voice["name"] for voice in voices] == ["Sarah", "Amélie", "Jürgen"]
    table = quick("voices", "list").stdout
    for voice in voices:
        assert voice["id"] in table


def test_voices_of_the_embedded_engine(quick: InThisProcess) -> None:
    """Without a key the voices of the embedded engine are listed."""
    assert "James" in {voice["name"] for voice in quick("voices", "list", "--json").json}


@pytest.fixture
def engine() -> Iterator["subprocess.Popen[bytes]"]:
    """The engine as a separate server on a free port."""
    process = start_process("engine", "serve", "--port", "0")
    yield process
    if process.poll() is None:
        process.kill()
        process.communicate()


def test_engine_serve(voicemill: InThisProcess, engine: "subprocess.Popen[bytes]") -> None:
    """`engine serve` prints its URL, serves a run that uses it, and stops on Ctrl-C."""
    assert engine.stderr is not None
    line = engine.stderr.readline().decode()
    found = re.search(r"listens on (http://127\.0\.0\.1:[1-9]\d*)\b", line)
    assert found, line
    write_manifest(Path("book.csv"), short_rows(2))
    with service_environment(found[1], KEY):
        assert "James" in {voice["name"] for voice in voicemill("voices", "list", "--json").json}
        ran = voicemill("run", "book.csv", "-o", "results")
        assert ran.code == 0, ran.stderr
    assert ran.stderr.splitlines()[0] == f"Calls go to {found[1]}."
    assert violations(Path("results")) == []
    engine.send_signal(signal.SIGINT)
    ended = wait_for_exit(engine)
    assert (ended.code, ended.stdout, ended.stderr) == (0, "", "")


def test_engine_serve_on_a_port_in_use(quick: InThisProcess) -> None:
    """A port in use is reported in one line with a remedy."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        ended = quick("engine", "serve", "--port", str(port))
    assert ended.code == 2
    assert ended.stderr == (
        f"voicemill: cannot listen on 127.0.0.1, port {port}: Address already in use; choose another --port or --host\n"
    )
