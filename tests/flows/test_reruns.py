"""Reruns: completed calls are not billed again, and finished files are not changed."""

import shutil
from pathlib import Path

import pytest

from tests.flows.commands import InThisProcess
from tests.flows.results import file_hashes, items, read_sheet, short_rows, statuses, violations, write_manifest
from tests.flows.speech_service import SpeechService
from tests.hostile_speech import error_reply, speech_for

pytestmark = pytest.mark.without_prefect

_RESULTS = Path("results")


def test_rerun_of_a_finished_run_makes_no_call(voicemill: InThisProcess, service: SpeechService) -> None:
    """A rerun makes no call and changes no byte of the delivered files."""
    write_manifest(Path("book.csv"), short_rows(10))
    voicemill("run", "book.csv", "-o", _RESULTS)
    before = file_hashes(_RESULTS)
    service.reset_calls()
    again = voicemill("run", "book.csv", "-o", _RESULTS, "--json")
    assert again.code == 0
    assert service.requested == []
    assert (again.json["calls_made"], again.json["rows_unchanged"]) == (0, 10)
    assert file_hashes(_RESULTS) == before
    assert len(before) == 10 + 10 + 6


def test_only_edited_rows_are_called_again(voicemill: InThisProcess, service: SpeechService) -> None:
    """Three edited rows of thirty make three calls, and only their files change."""
    rows = short_rows(30)
    write_manifest(Path("book.csv"), rows)
    voicemill("run", "book.csv", "-o", _RESULTS, "--max-concurrency", "16")
    before = file_hashes(_RESULTS)
    service.reset_calls()
    edited = [0, 15, 29]
    for number in edited:
        rows[number]["transcript"] = f"Edited sentence {number}."
    write_manifest(Path("book.csv"), rows)
    assert voicemill("run", "book.csv", "-o", _RESULTS).code == 0
    assert sorted(service.requested) == sorted(rows[number]["transcript"] for number in edited)
    assert violations(_RESULTS) == []
    after = file_hashes(_RESULTS)
    changed = {path for path in before if after[path] != before[path] and path.startswith("audio/")}
    assert changed == {f"audio/row-{number:04d}.wav" for number in edited}


def test_new_output_format_makes_no_call(voicemill: InThisProcess, service: SpeechService) -> None:
    """Files in another container or bit rate are encoded from the stored answers."""
    rows = short_rows(5)
    write_manifest(Path("book.csv"), rows)
    voicemill("run", "book.csv", "-o", _RESULTS)
    service.reset_calls()
    assert voicemill("run", "book.csv", "-o", _RESULTS, "--container", "mp3").code == 0
    write_manifest(Path("book.csv"), [row | {"container": "mp3", "bit_rate": "64000"} for row in rows])
    assert voicemill("run", "book.csv", "-o", _RESULTS).code == 0
    assert service.requested == []
    assert {item["bit_rate"] for item in items(_RESULTS)} == {64000}
    assert violations(_RESULTS) == []


def test_new_sample_rate_makes_new_calls(voicemill: InThisProcess, service: SpeechService) -> None:
    """The sample rate is part of the request, so another one needs new calls."""
    write_manifest(Path("book.csv"), short_rows(3))
    voicemill("run", "book.csv", "-o", _RESULTS)
    service.reset_calls()
    voicemill("run", "book.csv", "-o", _RESULTS, "--sample-rate", "16000")
    assert len(service.requested) == 3
    assert violations(_RESULTS) == []


def test_equal_rows_share_one_call(voicemill: InThisProcess, service: SpeechService) -> None:
    """Rows with the same request share one call, even in the same run."""
    write_manifest(Path("book.csv"), [{"id": f"r{number}", "transcript": "All the same."} for number in range(10)])
    result = voicemill("run", "book.csv", "-o", _RESULTS, "--json")
    assert service.requested == ["All the same."]
    assert (result.json["calls_made"], result.json["calls_reused"]) == (1, 9)
    assert sum(item["credits"] for item in items(_RESULTS)) == result.json["credits"] == len("All the same.")


def test_folders_share_an_answer_store(voicemill: InThisProcess, service: SpeechService) -> None:
    """Runs with the same answer store make their common calls once."""
    write_manifest(Path("book.csv"), short_rows(5))
    voicemill("run", "book.csv", "-o", "one", "--answers", "store")
    voicemill("run", "book.csv", "-o", "two", "--answers", "store")
    assert len(service.requested) == 5
    assert violations(Path("two")) == []
    assert not Path("one/answers").exists()


def test_deleted_files_are_restored_without_a_call(voicemill: InThisProcess, service: SpeechService) -> None:
    """Deleted files are made again from the stored answers."""
    write_manifest(Path("book.csv"), short_rows(5))
    voicemill("run", "book.csv", "-o", _RESULTS)
    before = file_hashes(_RESULTS)
    shutil.rmtree(_RESULTS / "audio")
    (_RESULTS / "items.parquet").unlink()
    service.reset_calls()
    assert voicemill("run", "book.csv", "-o", _RESULTS).code == 0
    assert service.requested == []
    after = file_hashes(_RESULTS)
    assert {path: after[path] for path in after if path not in ("run.json", "report.html")} == {
        path: before[path] for path in before if path not in ("run.json", "report.html")
    }


def test_failures_csv_is_a_manifest_of_the_missing_rows(
    voicemill: InThisProcess, service: SpeechService, fast_retries: Path
) -> None:
    """A run of `failures.csv` makes only the missing calls, with the same file names and all columns."""
    rows = [row | {"out": "part/{id}", "speed": "slow", "title": f"Title, {row['id']}"} for row in short_rows(6)]
    write_manifest(Path("book.csv"), rows)
    service.replies = {
        rows[1]["transcript"]: error_reply(400, "No", "Not this"),
        rows[4]["transcript"]: error_reply(500, "", ""),
    }
    assert voicemill("run", "book.csv", "-o", _RESULTS, "--profile", fast_retries).code == 1
    assert [row["id"] for row in read_sheet(_RESULTS / "failures.csv")] == ["row-0001", "row-0004"]
    service.replies.clear()
    service.reset_calls()
    shutil.copy(_RESULTS / "failures.csv", "rest.csv")
    result = voicemill("run", "rest.csv", "-o", "rest", "--answers", _RESULTS / "answers")
    assert result.code == 0, result.stderr
    assert "warning" not in result.stderr
    assert sorted(service.requested) == [rows[1]["transcript"], rows[4]["transcript"]]
    made = items(Path("rest"))
    assert [item["file_name"] for item in made] == ["audio/part/row-0001.wav", "audio/part/row-0004.wav"]
    assert [item["title"] for item in made] == ["Title, row-0001", "Title, row-0004"]
    assert [item["speed"] for item in made] == ['"slow"', '"slow"']
    service.reset_calls()
    assert voicemill("run", "book.csv", "-o", _RESULTS).code == 0
    assert service.requested == []
    assert read_sheet(_RESULTS / "failures.csv") == []


def test_rows_that_swap_output_paths_make_no_call(voicemill: InThisProcess, service: SpeechService) -> None:
    """Two rows that swap their output paths also swap their files, without a call."""
    rows = [
        {"id": "a", "transcript": "First.", "out": "one"},
        {"id": "b", "transcript": "Second and longer.", "out": "two"},
    ]
    write_manifest(Path("book.csv"), rows)
    voicemill("run", "book.csv", "-o", _RESULTS)
    rows[0]["out"], rows[1]["out"] = "two", "one"
    write_manifest(Path("book.csv"), rows)
    service.reset_calls()
    assert voicemill("run", "book.csv", "-o", _RESULTS).code == 0
    assert service.requested == []
    assert (_RESULTS / "audio/two.wav").read_bytes() == speech_for("First.")
    assert violations(_RESULTS) == []


def test_foreign_file_is_not_overwritten(voicemill: InThisProcess, service: SpeechService) -> None:
    """If a file that voicemill did not write has a row's path, the row is refused and the run continues."""
    write_manifest(Path("book.csv"), short_rows(3))
    (_RESULTS / "audio").mkdir(parents=True)
    (_RESULTS / "audio/row-0001.wav").write_bytes(b"mine")
    result = voicemill("run", "book.csv", "-o", _RESULTS)
    assert result.code == 3
    assert statuses(_RESULTS) == {"row-0000": "done", "row-0001": "refused", "row-0002": "done"}
    assert (_RESULTS / "audio/row-0001.wav").read_bytes() == b"mine"
    (_RESULTS / "audio/row-0001.wav").unlink()
    service.reset_calls()
    assert voicemill("run", "book.csv", "-o", _RESULTS).code == 0
    assert service.requested == []


def test_file_overwritten_by_a_killed_run_is_restored(voicemill: InThisProcess, service: SpeechService) -> None:
    """A finished row gets its file back after a killed run wrote another row's file of the same size in its place."""
    rows = [{"id": "a", "transcript": "This one.", "out": "a"}, {"id": "b", "transcript": "That one.", "out": "b"}]
    write_manifest(Path("book.csv"), rows)
    voicemill("run", "book.csv", "-o", _RESULTS)
    shutil.copy2(_RESULTS / "items.parquet", "items.parquet")
    rows[0]["out"], rows[1]["out"] = "b", "a"
    write_manifest(Path("swapped.csv"), rows)
    voicemill("run", "swapped.csv", "-o", _RESULTS)
    assert (_RESULTS / "audio/a.wav").stat().st_size == (_RESULTS / "audio/b.wav").stat().st_size
    shutil.copy2("items.parquet", _RESULTS / "items.parquet")  # the state after a kill before publishing
    assert violations(_RESULTS) != []
    assert voicemill("run", "book.csv", "-o", _RESULTS).code == 0
    assert violations(_RESULTS) == []
    assert len(service.requested) == 2


def test_finished_rows_need_no_answers(voicemill: InThisProcess, service: SpeechService) -> None:
    """After the answers are deleted, finished rows are kept, and only an edited row makes a call."""
    rows = short_rows(5)
    write_manifest(Path("book.csv"), rows)
    voicemill("run", "book.csv", "-o", _RESULTS)
    shutil.rmtree(_RESULTS / "answers")
    service.reset_calls()
    rows[3]["transcript"] = "Changed."
    write_manifest(Path("book.csv"), rows)
    assert voicemill("run", "book.csv", "-o", _RESULTS).code == 0
    assert service.requested == ["Changed."]
    assert violations(_RESULTS) == []
