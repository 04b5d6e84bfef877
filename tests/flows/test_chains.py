"""Runs in which rows take the output of other rows."""

import csv
from pathlib import Path

import pytest

from tests.flows.commands import InThisProcess
from tests.flows.results import items, read_sheet, statuses, tree, write_manifest
from tests.flows.speech_service import SpeechService
from tests.hostile_speech import error_reply


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


_CHAIN = [
    _row("heard", "stt", audio="@changed"),
    _row("changed", "voice_change", audio="@spoken"),
    _row("spoken", "tts", "Good morning everyone."),
    _row("again", "tts", text_file="@heard"),
]


def test_a_chain_runs_to_its_end_and_follows_changes(voicemill: InThisProcess) -> None:
    """A chain is made link by link; a second run asks nothing and changes no byte, an edit goes down the chain."""
    manifest = write_manifest(Path("chain.csv"), _CHAIN)
    first = voicemill("run", manifest, "-o", "chain", "--json")
    assert (first.code, first.json["rows"]["done"], first.json["calls_made"]) == (0, 4, 4)
    assert "4 rows checked: 1 call, 22 characters, and what 3 rows will need that take the output" in first.stderr
    made = {item["id"]: item for item in items(Path("chain"))}
    new_s = sum(made[row_id]["duration_s"] for row_id in ("spoken", "changed", "again"))
    told = [first.json[name] for name in ("transcribed_s", "converted_s", "audio_s")]
    assert told == pytest.approx([made["changed"]["duration_s"], made["spoken"]["duration_s"], new_s], abs=0.01)
    assert list(made) == ["heard", "changed", "spoken", "again"]
    assert made["changed"]["made_from"] == [made["spoken"]["sha256"]]
    assert made["heard"]["made_from"] == [made["changed"]["sha256"]]
    assert made["again"]["made_from"] == [made["heard"]["sha256"]]
    assert made["again"]["transcript"] == made["heard"]["transcript"] != ""
    assert (made["heard"]["audio"], made["again"]["text_file"]) == ("@changed", "@heard")
    assert voicemill("verify", "chain").code == 0
    before = tree(Path("chain"))
    again = voicemill("run", manifest, "-o", "chain", "--json")
    assert (again.code, again.json["calls_made"], again.json["rows_unchanged"]) == (0, 0, 4)
    assert tree(Path("chain")) == before
    write_manifest(manifest, [row | {"transcript": row["transcript"] and "Good night children."} for row in _CHAIN])
    assert voicemill("run", manifest, "-o", "chain").code == 0
    edited = {item["id"]: item for item in items(Path("chain"))}
    assert edited["changed"]["made_from"] == [edited["spoken"]["sha256"]] != made["changed"]["made_from"]
    assert edited["heard"]["made_from"] == [edited["changed"]["sha256"]] != made["heard"]["made_from"]


def test_a_failed_link_stops_what_hangs_on_it(
    voicemill: InThisProcess, service: SpeechService, fast_retries: Path
) -> None:
    """Where a row does not succeed, what takes its output waits, and its place among the failures names it."""
    service.replies["Bad."] = error_reply(400, "No", "Not this")
    rows = [_row("b", "voice_change", audio="@a"), _row("a", "tts", "Bad."), _row("c", "tts", text_file="@d")]
    rows += [_row("d", "stt", audio="@b"), _row("e", "tts", "Good.")]
    ended = voicemill("run", write_manifest(Path("chain.csv"), rows), "-o", "chain", "--profile", fast_retries)
    assert ended.code == 3
    found = statuses(Path("chain"))
    assert found == {"b": "not_started", "a": "refused", "c": "not_started", "d": "not_started", "e": "done"}
    sheet = read_sheet(Path("chain/failures.csv"))
    codes = {row["id"]: (row["error_class"], row["error_code"], row["audio"]) for row in sheet}
    assert codes["b"] == ("input", "upstream_failed", "'@a")
    assert codes["d"] == ("input", "upstream_failed", "'@b")
    assert len(service.server.calls) == 1 + 2


def test_failures_name_the_files_that_were_made(
    voicemill: InThisProcess, service: SpeechService, fast_retries: Path
) -> None:
    """In failures.csv the output of a finished row is named by its file, so that the sheet can be run by itself."""
    service.replies["*"] = error_reply(400, "No", "Not this")
    rows = [_row("a", "tts", "Good."), _row("b", "voice_change", audio="@a")]
    service.replies["Good."] = service.speaker
    voicemill("run", write_manifest(Path("chain.csv"), rows), "-o", "chain", "--profile", fast_retries)
    with Path("chain/failures.csv").open(newline="") as sheet:
        assert [(row["id"], row["audio"]) for row in csv.DictReader(sheet)] == [("b", "audio/a.wav")]
    assert voicemill("validate", "chain/failures.csv").code == 0
