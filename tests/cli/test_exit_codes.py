"""Every exit code, each with a situation that causes it."""

import json
from pathlib import Path

import pytest

from tests.flows.commands import InThisProcess
from tests.flows.disks import enlarge, small_disk
from tests.flows.results import items, read_sheet, short_rows, statuses, violations, write_manifest
from tests.flows.speech_service import SpeechService
from tests.hostile_speech import error_reply
from voicemill.store.results_folder import ResultsFolder

_MANIFEST = Path("book.csv")
_RESULTS = Path("results/book")
_WITHOUT_PREFECT = pytest.mark.without_prefect


def test_0_all_done(voicemill: InThisProcess, service: SpeechService) -> None:
    """A run with all rows done exits with 0; its default folder is named after the manifest."""
    write_manifest(_MANIFEST, short_rows(10))
    ended = voicemill("run", _MANIFEST)
    assert ended.code == 0
    assert ended.stdout.startswith("10 done of 10 rows\n10 calls, ")
    assert set(statuses(_RESULTS).values()) == {"done"}
    assert violations(_RESULTS) == []
    assert len(service.requested) == 10


@_WITHOUT_PREFECT
def test_1_some_failed(voicemill: InThisProcess, service: SpeechService, fast_retries: Path) -> None:
    """A run with a failed row exits with 1, all other rows are done, and a rerun makes only that row's call."""
    write_manifest(_MANIFEST, short_rows(5))
    service.replies["Sentence number 3."] = error_reply(500, "Internal server error", "Out of breath")
    ended = voicemill("run", _MANIFEST, "--profile", fast_retries)
    assert ended.code == 1
    assert "4 done, 1 failed of 5 rows" in ended.stdout
    assert "Rerun the same command" in ended.stdout
    failed = items(_RESULTS)[3]
    assert (failed["status"], failed["attempts"]) == ("failed", 2)
    assert "Out of breath" in failed["error_message"]
    assert service.requested.count("Sentence number 3.") == 2
    service.replies.clear()
    service.reset_calls()
    assert voicemill("run", _MANIFEST, "--profile", fast_retries).code == 0
    assert service.requested == ["Sentence number 3."]


@pytest.mark.parametrize(
    ("manifest", "message"),
    [
        ("id,transcript\na,Hello\na,Bye\n", "row 2, column id: row 1 has the id 'a' too"),
        ("id,transcript,voice\na,Hello,Nobody\n", "row 1, column voice: there is no voice 'Nobody'"),
        ("", "file: the file is empty"),
    ],
)
def test_2_invalid_manifest(voicemill: InThisProcess, service: SpeechService, manifest: str, message: str) -> None:
    """A manifest with a problem exits with 2 before any call, and the message names row and column."""
    _MANIFEST.write_text(manifest)
    ended = voicemill("run", _MANIFEST)
    assert ended.code == 2
    assert message in ended.stderr
    assert "Traceback" not in ended.stderr
    assert service.requested == []


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["run"], "Missing argument"),
        (["run", "book.csv", "--loud"], "No such option: --loud"),
        (["run", "book.csv", "--max-concurrency", "0"], "pace.max_concurrency is '0'"),
        (["run", "nowhere.csv"], "nowhere.csv: 1 problem\n  file: there is no such file"),
        (["run", "book.csv", "--profile", "nobody"], "unknown profile 'nobody'"),
        (["run", "book.csv", "--profile", "bad.toml"], "pace.speed is not a setting"),
        (["status", "nowhere"], "nowhere is not a results folder"),
        (["speak"], "No such command 'speak'"),
    ],
)
def test_2_invalid_usage(voicemill: InThisProcess, service: SpeechService, arguments: list[str], message: str) -> None:
    """Invalid arguments exit with 2 before any call."""
    write_manifest(_MANIFEST, short_rows(1))
    Path("bad.toml").write_text("[pace]\nspeed = 3\n")
    ended = voicemill(*arguments)
    assert ended.code == 2
    assert message in ended.stderr
    assert service.requested == []


@pytest.mark.parametrize("status", [400, *(pytest.param(status, marks=_WITHOUT_PREFECT) for status in (404, 413, 422))])
def test_3_some_refused(voicemill: InThisProcess, service: SpeechService, status: int) -> None:
    """A refused row makes one call, the run exits with 3, and `failures.csv` has the reason."""
    write_manifest(_MANIFEST, short_rows(5))
    service.replies["Sentence number 2."] = error_reply(status, "No", "Not this", "voice_not_found")
    ended = voicemill("run", _MANIFEST)
    assert ended.code == 3
    assert service.requested.count("Sentence number 2.") == 1
    [refused] = read_sheet(_RESULTS / "failures.csv")
    assert (refused["id"], refused["status"], refused["error_code"]) == ("row-0002", "refused", "voice_not_found")
    assert statuses(_RESULTS)["row-0004"] == "done"


@pytest.mark.parametrize(
    ("status", "remedy"), [(401, "check CARTESIA_API_KEY"), pytest.param(402, "top it up", marks=_WITHOUT_PREFECT)]
)
def test_4_fatal_for_all(voicemill: InThisProcess, service: SpeechService, status: int, remedy: str) -> None:
    """A refused key or an empty account exits with 4 after the calls in flight; the rest is not started."""
    write_manifest(_MANIFEST, short_rows(40))
    service.replies["*"] = error_reply(status, "No", "Not you")
    ended = voicemill("run", _MANIFEST, "--max-concurrency", "8")
    assert ended.code == 4
    assert remedy in ended.stdout
    assert len(service.requested) <= 8
    ended_as = list(statuses(_RESULTS).values())
    assert len(ended_as) == 40
    assert set(ended_as) <= {"failed", "not_started"}
    assert ended_as.count("failed") <= 8


def test_4_before_the_first_row(voicemill: InThisProcess, service: SpeechService) -> None:
    """A key refused when voices are listed exits with 4, and the message names the setting to check."""
    write_manifest(_MANIFEST, short_rows(2))
    service.voices = error_reply(401, "Unauthorized", "Unknown key")
    ended = voicemill("run", _MANIFEST)
    assert ended.code == 4
    assert "check CARTESIA_API_KEY" in ended.stderr
    assert service.requested == []


@_WITHOUT_PREFECT
def test_list_of_voices_is_retried(voicemill: InThisProcess, service: SpeechService, fast_retries: Path) -> None:
    """A transient failure while voices are listed does not end the run."""
    write_manifest(_MANIFEST, short_rows(2))
    answers = iter([error_reply(503, "Unavailable", "Later")])
    service.voices = lambda call: next(answers, None) or service.speaker(call)
    assert voicemill("run", _MANIFEST, "--profile", fast_retries).code == 0


def test_5_disk_is_full(voicemill: InThisProcess, service: SpeechService, tmp_path: Path) -> None:
    """A full disk exits with 5 with few further calls, and a rerun with more space completes."""
    write_manifest(_MANIFEST, short_rows(30))
    with small_disk(tmp_path / "disk", megabytes=1) as disk:
        ended = voicemill("run", _MANIFEST, "-o", disk / "book", "--max-concurrency", "4")
        assert ended.code == 5
        assert "the disk is full; free some space" in ended.stdout + ended.stderr
        assert "Traceback" not in ended.stderr
        before = len(service.requested)
        assert 0 < before < 30
        enlarge(disk, megabytes=60)
        assert voicemill("run", _MANIFEST, "-o", disk / "book").code == 0
        assert violations(disk / "book") == []
        assert len(service.requested) <= 30 + 4


def test_5_folder_is_not_writable(voicemill: InThisProcess, service: SpeechService, tmp_path: Path) -> None:
    """A results folder on a read-only disk exits with 5 before any call."""
    write_manifest(_MANIFEST, short_rows(2))
    with small_disk(tmp_path / "disk", megabytes=1, options="ro") as disk:
        ended = voicemill("run", _MANIFEST, "-o", disk / "book")
    assert ended.code == 5
    assert "the disk is read-only; choose another results folder" in ended.stderr
    assert service.requested == []


def test_5_folder_is_a_file(voicemill: InThisProcess, service: SpeechService) -> None:
    """A file in place of the results folder exits with 5 before any call."""
    write_manifest(_MANIFEST, short_rows(2))
    Path("taken").write_text("mine")
    ended = voicemill("run", _MANIFEST, "-o", "taken")
    assert ended.code == 5
    assert "cannot write taken/.voicemill" in ended.stderr
    assert service.requested == []


def test_8_locked(voicemill: InThisProcess, service: SpeechService) -> None:
    """A results folder in use by another run exits with 8, and the message names that process."""
    write_manifest(_MANIFEST, short_rows(2))
    with ResultsFolder(_RESULTS).locked():
        ended = voicemill("run", _MANIFEST)
        assert json.loads(voicemill("status", _RESULTS, "--json").stdout)["state"] == "running"
    assert ended.code == 8
    assert "is in use by process" in ended.stderr
    assert service.requested == []
