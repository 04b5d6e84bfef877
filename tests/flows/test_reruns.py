"""Running again: what is paid for is never paid again, and what stands is left alone."""

import shutil
from pathlib import Path

from tests.flows.commands import InThisProcess
from tests.flows.results import items, read_sheet, short_rows, statuses, tree, violations, write_manifest
from tests.flows.speech_service import SpeechService
from tests.hostile_speech import error_reply, speech_for

_RESULTS = Path("results")


def test_a_finished_run_is_left_alone(voicemill: InThisProcess, service: SpeechService) -> None:
    """The second run of a finished one asks nothing and changes no byte of what was delivered."""
    write_manifest(Path("book.csv"), short_rows(50))
    voicemill("run", "book.csv", "-o", _RESULTS)
    before = tree(_RESULTS)
    service.reset_calls()
    again = voicemill("run", "book.csv", "-o", _RESULTS, "--json")
    assert again.code == 0
    assert service.requested == []
    assert (again.json["calls_made"], again.json["rows_unchanged"]) == (0, 50)
    assert tree(_RESULTS) == before
    assert len(before) == 50 + 50 + 4


def test_three_rows_of_a_thousand(voicemill: InThisProcess, service: SpeechService) -> None:
    """Three edited rows of a thousand are three calls, and only their files change."""
    rows = short_rows(1000)
    write_manifest(Path("book.csv"), rows)
    voicemill("run", "book.csv", "-o", _RESULTS, "--max-concurrency", "16")
    before = tree(_RESULTS)
    service.reset_calls()
    edited = [0, 500, 999]
    for number in edited:
        rows[number]["transcript"] = f"Edited sentence {number}."
    write_manifest(Path("book.csv"), rows)
    assert voicemill("run", "book.csv", "-o", _RESULTS).code == 0
    assert sorted(service.requested) == sorted(rows[number]["transcript"] for number in edited)
    assert violations(_RESULTS) == []
    after = tree(_RESULTS)
    changed = {path for path in before if after[path] != before[path] and path.startswith("audio/")}
    assert changed == {f"audio/row-{number:04d}.wav" for number in edited}


def test_a_new_output_format_is_free(voicemill: InThisProcess, service: SpeechService) -> None:
    """Another container and another bit rate are made from the answers that are there."""
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


def test_another_sample_rate_is_asked(voicemill: InThisProcess, service: SpeechService) -> None:
    """A sample rate is part of the question, so a new one is a new call."""
    write_manifest(Path("book.csv"), short_rows(3))
    voicemill("run", "book.csv", "-o", _RESULTS)
    service.reset_calls()
    voicemill("run", "book.csv", "-o", _RESULTS, "--sample-rate", "16000")
    assert len(service.requested) == 3
    assert violations(_RESULTS) == []


def test_the_same_text_is_paid_once(voicemill: InThisProcess, service: SpeechService) -> None:
    """Rows that ask the same share one call, even within one run."""
    write_manifest(Path("book.csv"), [{"id": f"r{number}", "transcript": "All the same."} for number in range(40)])
    ended = voicemill("run", "book.csv", "-o", _RESULTS, "--json")
    assert service.requested == ["All the same."]
    assert (ended.json["calls_made"], ended.json["calls_reused"]) == (1, 39)
    assert sum(item["credits"] for item in items(_RESULTS)) == ended.json["credits"] == len("All the same.")


def test_answers_are_shared_between_folders(voicemill: InThisProcess, service: SpeechService) -> None:
    """Runs that name the same answer store pay once for what both ask."""
    write_manifest(Path("book.csv"), short_rows(5))
    voicemill("run", "book.csv", "-o", "one", "--answers", "store")
    voicemill("run", "book.csv", "-o", "two", "--answers", "store")
    assert len(service.requested) == 5
    assert violations(Path("two")) == []
    assert not Path("one/answers").exists()


def test_deleted_files_come_back(voicemill: InThisProcess, service: SpeechService) -> None:
    """Files that somebody deleted are made again from the answers, without a call."""
    write_manifest(Path("book.csv"), short_rows(5))
    voicemill("run", "book.csv", "-o", _RESULTS)
    before = tree(_RESULTS)
    shutil.rmtree(_RESULTS / "audio")
    (_RESULTS / "items.parquet").unlink()
    service.reset_calls()
    assert voicemill("run", "book.csv", "-o", _RESULTS).code == 0
    assert service.requested == []
    after = tree(_RESULTS)
    assert {path: after[path] for path in after if path != "run.json"} == {
        path: before[path] for path in before if path != "run.json"
    }


def test_failures_are_the_next_manifest(voicemill: InThisProcess, service: SpeechService, fast_retries: Path) -> None:
    """`failures.csv`, given as a manifest, asks for just what is missing, under the same names and with all columns."""
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
    ended = voicemill("run", "rest.csv", "-o", "rest", "--answers", _RESULTS / "answers")
    assert ended.code == 0, ended.stderr
    assert "warning" not in ended.stderr
    assert sorted(service.requested) == [rows[1]["transcript"], rows[4]["transcript"]]
    made = items(Path("rest"))
    assert [item["file_name"] for item in made] == ["audio/part/row-0001.wav", "audio/part/row-0004.wav"]
    assert [item["title"] for item in made] == ["Title, row-0001", "Title, row-0004"]
    assert [item["speed"] for item in made] == ['"slow"', '"slow"']
    service.reset_calls()
    assert voicemill("run", "book.csv", "-o", _RESULTS).code == 0
    assert service.requested == []
    assert read_sheet(_RESULTS / "failures.csv") == []


def test_two_rows_change_places(voicemill: InThisProcess, service: SpeechService) -> None:
    """Rows that swap their files have each other's place afterwards, for no call."""
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


def test_a_strangers_file_is_left_alone(voicemill: InThisProcess, service: SpeechService) -> None:
    """A file that voicemill did not write is not overwritten: its row is refused, and the run goes on."""
    write_manifest(Path("book.csv"), short_rows(3))
    (_RESULTS / "audio").mkdir(parents=True)
    (_RESULTS / "audio/row-0001.wav").write_bytes(b"mine")
    ended = voicemill("run", "book.csv", "-o", _RESULTS)
    assert ended.code == 3
    assert statuses(_RESULTS) == {"row-0000": "done", "row-0001": "refused", "row-0002": "done"}
    assert (_RESULTS / "audio/row-0001.wav").read_bytes() == b"mine"
    (_RESULTS / "audio/row-0001.wav").unlink()
    service.reset_calls()
    assert voicemill("run", "book.csv", "-o", _RESULTS).code == 0
    assert service.requested == []


def test_a_file_that_a_killed_run_gave_away(voicemill: InThisProcess, service: SpeechService) -> None:
    """A finished row whose file a killed run gave to another row gets its own again, though both are of one size."""
    rows = [{"id": "a", "transcript": "This one.", "out": "a"}, {"id": "b", "transcript": "That one.", "out": "b"}]
    write_manifest(Path("book.csv"), rows)
    voicemill("run", "book.csv", "-o", _RESULTS)
    shutil.copy2(_RESULTS / "items.parquet", "items.parquet")
    rows[0]["out"], rows[1]["out"] = "b", "a"
    write_manifest(Path("swapped.csv"), rows)
    voicemill("run", "swapped.csv", "-o", _RESULTS)
    assert (_RESULTS / "audio/a.wav").stat().st_size == (_RESULTS / "audio/b.wav").stat().st_size
    shutil.copy2("items.parquet", _RESULTS / "items.parquet")  # as a kill before publishing would leave it
    assert violations(_RESULTS) != []
    assert voicemill("run", "book.csv", "-o", _RESULTS).code == 0
    assert violations(_RESULTS) == []
    assert len(service.requested) == 2


def test_answers_may_be_deleted(voicemill: InThisProcess, service: SpeechService) -> None:
    """Finished rows stand without their answers; only a changed row is asked for."""
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
