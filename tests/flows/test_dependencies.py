"""Runs whose rows use the output of other rows."""

import csv
from pathlib import Path

import pytest

from tests.flows.commands import InThisProcess
from tests.flows.results import file_hashes, items, read_sheet, statuses, write_manifest
from tests.flows.speech_service import SpeechService
from tests.hostile_speech import error_reply

pytestmark = pytest.mark.without_prefect


def _row(row_id: str, op: str, transcript: str = "", audio: str = "", text_file: str = "") -> dict[str, str]:
    voice = "Sarah" if op == "voice_change" else ""
    return {
        "id": row_id,
        "op": op,
        "transcript": transcript,
        "audio": audio,
        "text_file": text_file,
        "voice": voice,
        "sample_rate": "16000",
    }


_ROWS = [
    _row("transcribed", "stt", audio="@converted"),
    _row("converted", "voice_change", audio="@spoken"),
    _row("spoken", "tts", "Good morning everyone."),
    _row("again", "tts", text_file="@transcribed"),
]


def test_dependent_rows_are_made_in_order_and_follow_edits(voicemill: InThisProcess) -> None:
    """Each row follows the row it uses; a rerun changes no byte; an edit updates every dependent row."""
    manifest = write_manifest(Path("mixed.csv"), _ROWS)
    first = voicemill("run", manifest, "-o", "results", "--json")
    assert (first.code, first.json["rows"]["done"], first.json["calls_made"]) == (0, 4, 4)
    assert "4 rows checked: 1 call, 22 characters, plus 3 rows that use the output of other rows." in first.stderr
    made = {item["id"]: item for item in items(Path("results"))}
    new_s = sum(made[row_id]["duration_s"] for row_id in ("spoken", "converted", "again"))
    lengths_s = [first.json[name] for name in ("transcribed_s", "converted_s", "audio_s")]
    assert lengths_s == pytest.approx([made["converted"]["duration_s"], made["spoken"]["duration_s"], new_s], abs=0.01)
    assert list(made) == ["transcribed", "converted", "spoken", "again"]
    assert made["converted"]["made_from"] == [made["spoken"]["sha256"]]
    assert made["transcribed"]["made_from"] == [made["converted"]["sha256"]]
    assert made["again"]["made_from"] == [made["transcribed"]["sha256"]]
    assert made["again"]["transcript"] == made["transcribed"]["transcript"] != ""
    assert (made["transcribed"]["audio"], made["again"]["text_file"]) == ("@converted", "@transcribed")
    assert voicemill("verify", "results").code == 0
    before = file_hashes(Path("results"))
    again = voicemill("run", manifest, "-o", "results", "--json")
    assert (again.code, again.json["calls_made"], again.json["rows_unchanged"]) == (0, 0, 4)
    assert file_hashes(Path("results")) == before
    write_manifest(manifest, [row | {"transcript": row["transcript"] and "Good night children."} for row in _ROWS])
    assert voicemill("run", manifest, "-o", "results").code == 0
    edited = {item["id"]: item for item in items(Path("results"))}
    assert edited["converted"]["made_from"] == [edited["spoken"]["sha256"]] != made["converted"]["made_from"]
    assert edited["transcribed"]["made_from"] == [edited["converted"]["sha256"]] != made["transcribed"]["made_from"]


def test_dependents_of_a_failed_row_do_not_start(
    voicemill: InThisProcess, service: SpeechService, fast_retries: Path
) -> None:
    """Rows that depend on a refused row are not started, and `failures.csv` names the row they use."""
    service.replies["Bad."] = error_reply(400, "No", "Not this")
    rows = [_row("b", "voice_change", audio="@a"), _row("a", "tts", "Bad."), _row("c", "tts", text_file="@d")]
    rows += [_row("d", "stt", audio="@b"), _row("e", "tts", "Good.")]
    result = voicemill("run", write_manifest(Path("mixed.csv"), rows), "-o", "results", "--profile", fast_retries)
    assert result.code == 3
    found = statuses(Path("results"))
    assert found == {"b": "not_started", "a": "refused", "c": "not_started", "d": "not_started", "e": "done"}
    sheet = read_sheet(Path("results/failures.csv"))
    codes = {row["id"]: (row["error_class"], row["error_code"], row["audio"]) for row in sheet}
    assert codes["b"] == ("input", "upstream_failed", "'@a")
    assert codes["d"] == ("input", "upstream_failed", "'@b")
    assert len(service.server.calls) == 1 + 2


def test_failures_csv_names_the_files_of_finished_rows(
    voicemill: InThisProcess, service: SpeechService, fast_retries: Path
) -> None:
    """`failures.csv` refers to a finished row's output by its file, so that it is a complete manifest."""
    service.replies["*"] = error_reply(400, "No", "Not this")
    rows = [_row("a", "tts", "Good."), _row("b", "voice_change", audio="@a")]
    service.replies["Good."] = service.speaker
    voicemill("run", write_manifest(Path("mixed.csv"), rows), "-o", "results", "--profile", fast_retries)
    with Path("results/failures.csv").open(newline="") as sheet:
        assert [(row["id"], row["audio"]) for row in csv.DictReader(sheet)] == [("b", "audio/a.wav")]
    assert voicemill("validate", "results/failures.csv").code == 0
