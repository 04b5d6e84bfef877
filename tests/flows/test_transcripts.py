"""Transcripts of a run: their files, their tables, their doubts and their references; and what a rerun leaves alone."""

import os
import shutil
from pathlib import Path
from typing import Any
from unittest import mock

import pyarrow.parquet as pq
import pytest

from tests.flows.commands import InThisProcess
from tests.flows.results import items, read_sheet, tree, write_manifest
from tests.flows.scripted_recordings import recordings
from tests.flows.speech_service import SpeechService
from tests.hostile_server import Call
from tests.hostile_speech import error_reply
from tests.hostile_transcripts import transcription_of
from voicemill.pipeline.audit import audit
from voicemill.processes.worker_process import WorkerProcess

_RESULTS = Path("results")
_NAMES = ("the-mill-turns", "no-wind-today", "good-night")


def write_talks(**columns: list[str]) -> Path:
    """A manifest of three recordings."""
    rows = [{"id": name, "audio": path} for name, path in zip(_NAMES, recordings(Path("talks"), _NAMES), strict=True)]
    for column, cells in columns.items():
        rows = [row | {column: cell} for row, cell in zip(rows, cells, strict=True)]
    return write_manifest(Path("talks.csv"), rows)


def words(results: Path = _RESULTS) -> list[tuple[str, str]]:
    """The rows and words of the table of words."""
    return [(line["id"], line["word"]) for line in pq.read_table(results / "words.parquet").to_pylist()]


def _of(*names: str) -> list[tuple[str, str]]:
    return [(name, word) for name in names for word in name.split("-")]


@pytest.fixture
def transcribe(voicemill: InThisProcess, service: SpeechService) -> Any:
    """A run of transcription, and what it asked."""

    def run(manifest: Path, *options: str, code: int = 0) -> tuple[list[str], str]:
        service.reset_calls()
        ended = voicemill("run", manifest, "-o", _RESULTS, "--op", "stt", *options)
        assert ended.code == code, ended.stderr
        return [call.path for call in service.server.calls if call.method == "POST"], ended.stdout

    return run


def test_formats_and_tables(transcribe: Any) -> None:
    """Each file by Whisper's name, a table of words and one of segments, and every byte of them is accounted for."""
    asked, _ = transcribe(write_talks(), "--output-format", "all")
    assert asked == ["/stt"] * 3
    found = {path.name for path in (_RESULTS / "text").iterdir()}
    assert found == {f"{name}.{format}" for name in _NAMES for format in ("txt", "json", "srt", "vtt", "tsv")}
    assert (_RESULTS / "text/good-night.txt").read_text() == "Good night.\n"
    assert (_RESULTS / "text/good-night.srt").read_text() == "1\n00:00:00,000 --> 00:00:00,600\nGood night.\n"
    assert words() == _of(*_NAMES)
    segments = pq.read_table(_RESULTS / "segments.parquet").to_pylist()
    assert [line["text"] for line in segments] == [item["transcript"] for item in items(_RESULTS)]
    assert [item["words"] for item in items(_RESULTS)] == [3, 3, 2]
    assert audit(_RESULTS) == []


@pytest.mark.parametrize("verb", ["plan", "validate"])
def test_what_a_run_read_is_not_read_again(voicemill: InThisProcess, transcribe: Any, verb: str) -> None:
    """A verb that only looks knows the recordings of a run that did not change, and writes nothing into its folder."""
    manifest = write_talks()
    for talk in Path("talks").iterdir():
        os.utime(talk, ns=(10**18, 10**18))
    transcribe(manifest)
    asked: list[str | Path] = [verb, manifest, "-o", _RESULTS, "--op", "stt", "--json"]
    before = {path: path.stat().st_mtime_ns for path in _RESULTS.rglob("*")}
    with mock.patch.object(WorkerProcess, "ask", side_effect=AssertionError):
        ended = voicemill(*asked)
    assert (ended.code, ended.json["rows"]) == (0, 3)
    (Path("talks") / f"{_NAMES[0]}.wav").write_bytes(b"nothing")
    assert "not audio that can be decoded" in (changed := voicemill(*asked)).stdout + changed.stderr
    assert {path: path.stat().st_mtime_ns for path in _RESULTS.rglob("*")} == before


def test_a_rerun_changes_nothing(transcribe: Any) -> None:
    """Run again, nothing is asked, no byte changes, and no answer is so much as read."""
    manifest = write_talks()
    transcribe(manifest)
    before = tree(_RESULTS)
    shutil.rmtree(_RESULTS / "answers")
    (_RESULTS / "answers").mkdir()
    asked, _ = transcribe(manifest)
    assert asked == []
    assert {**before, **tree(_RESULTS)} == before


def test_unchanged_rows_keep_their_words(transcribe: Any) -> None:
    """Rows that are put in another order, with a new one among them, have their lines copied, not made again."""
    transcribe(write_talks())
    shutil.rmtree(_RESULTS / "answers")
    rows = [{"id": name, "audio": f"talks/{name}.wav"} for name in (_NAMES[2], "new-words", _NAMES[0])]
    recordings(Path("talks"), ["new-words"])
    asked, _ = transcribe(write_manifest(Path("talks.csv"), rows))
    assert asked == ["/stt"]
    assert words() == _of(_NAMES[2], "new-words", _NAMES[0])
    assert audit(_RESULTS) == []


@pytest.mark.parametrize("name", ["words.parquet", "segments.parquet"])
@pytest.mark.parametrize("damage", [Path.unlink, lambda path: path.write_bytes(path.read_bytes()[::-1])])
def test_lost_tables_are_made_from_answers(transcribe: Any, name: str, damage: Any) -> None:
    """A table that was deleted or damaged is the same again after a run that asks nothing."""
    manifest = write_talks()
    transcribe(manifest)
    before = tree(_RESULTS)
    damage(_RESULTS / name)
    assert {violation.where for violation in audit(_RESULTS)} == {name}
    asked, _ = transcribe(manifest)
    assert asked == []
    found = tree(_RESULTS)
    assert {path for path in before if before[path] != found[path]} <= {"run.json"}
    assert audit(_RESULTS) == []


def test_tables_go_with_their_last_row(voicemill: InThisProcess, transcribe: Any) -> None:
    """Where no row has words any more, there are no tables of them."""
    transcribe(write_talks())
    manifest = write_manifest(Path("book.csv"), [{"id": "a", "transcript": "Hello."}])
    assert voicemill("run", manifest, "-o", _RESULTS).code == 0
    assert not (_RESULTS / "words.parquet").exists()
    assert not (_RESULTS / "segments.parquet").exists()
    assert audit(_RESULTS) == []


def test_rules_for_subtitles_are_free(transcribe: Any) -> None:
    """Other lines make other subtitles, from the same answers, and leave what has no lines alone."""
    manifest = write_talks()
    transcribe(manifest, "--output-format", "srt,json")
    before = tree(_RESULTS)
    asked, _ = transcribe(manifest, "--output-format", "srt,json", "--max-line-width", "8", "--max-line-count", "3")
    assert asked == []
    assert (_RESULTS / "text/the-mill-turns.srt").read_text().endswith("\nThe mill\nturns.\n")
    asked, _ = transcribe(manifest, "--output-format", "srt,json", "--highlight-words")
    assert asked == []
    assert "<u>The</u> mill turns." in (_RESULTS / "text/the-mill-turns.srt").read_text()
    changed = {path for path, digest in tree(_RESULTS).items() if before.get(path) != digest}
    assert changed == {"items.parquet", "run.json", *(f"text/{name}.srt" for name in _NAMES)}


def test_references(transcribe: Any, service: SpeechService) -> None:
    """A transcript in the manifest is held against what was heard, row by row and in all, and stays in failures.csv."""
    references = ["the mill turned", "", "Good night, sleep well!"]
    manifest = write_talks(transcript=references)
    _, said_to_user = transcribe(manifest)
    found = items(_RESULTS)
    assert [item["reference"] for item in found] == ["the mill turned", None, "Good night, sleep well!"]
    assert [item["transcript"] for item in found] == ["The mill turns.", "No wind today.", "Good night."]
    assert [item["word_error_rate"] for item in found] == [pytest.approx(1 / 3, abs=1e-4), None, 0.5]
    assert "Word error rate against the references: 42.9%" in said_to_user
    service.replies["*"] = error_reply(400, "No", "Not this")
    transcribe(manifest, "--language", "de", code=3)
    assert [row["transcript"] for row in read_sheet(_RESULTS / "failures.csv")] == references


def test_another_reference_is_compared_anew(transcribe: Any) -> None:
    """An edited reference asks nothing and has its own rate."""
    transcribe(write_talks(transcript=["the mill turned", "", ""]))
    asked, _ = transcribe(write_talks(transcript=["the mill turns", "", ""]))
    assert asked == []
    assert [item["word_error_rate"] for item in items(_RESULTS)] == [0.0, None, None]


def test_doubts(transcribe: Any, service: SpeechService) -> None:
    """What looks made up is flagged, counted, and done all the same."""

    def doubtful(call: Call) -> Any:
        replies = [
            transcription_of("", []),
            transcription_of("so " * 9, ["so"] * 9),
            transcription_of("No wind.", ["no", "wind"], language="de"),
        ]
        return replies[len([one for one in service.server.calls if one.path == "/stt"]) - 1]

    service.replies["*"] = service.replies[""] = doubtful
    _, said_to_user = transcribe(write_talks(), "--max-concurrency", "1")
    assert [item["suspect"] for item in items(_RESULTS)] == [["empty"], ["looping"], ["language"]]
    assert [item["status"] for item in items(_RESULTS)] == ["done"] * 3
    assert "Quality flags: 3 rows" in said_to_user
    assert audit(_RESULTS) == []


def test_speech_with_timestamps(voicemill: InThisProcess, service: SpeechService) -> None:
    """Speech that is asked for subtitles or timestamps has its words in the tables, beside transcripts."""
    [path] = recordings(Path("talks"), ["good-night"])
    rows = [
        {"id": "said", "op": "tts", "transcript": "Hello, mill.", "audio": "", "output_format": "srt"},
        {"id": "plain", "op": "tts", "transcript": "Goodbye.", "audio": "", "output_format": ""},
        {"id": "heard", "op": "stt", "transcript": "", "audio": path, "output_format": "txt"},
    ]
    manifest = write_manifest(Path("mixed.csv"), rows)
    assert voicemill("run", manifest, "-o", _RESULTS).code == 0
    assert words() == [("said", "Hello,"), ("said", "mill."), *(("heard", word) for word in ("good", "night"))]
    assert "Hello, mill." in (_RESULTS / "text/said.srt").read_text()
    assert [item["words"] for item in items(_RESULTS)] == [2, None, 2]
    assert voicemill("run", manifest, "-o", _RESULTS, "--timestamps").code == 0
    assert [item["words"] for item in items(_RESULTS)] == [2, 1, 2]
    assert audit(_RESULTS) == []


def test_two_rows_with_one_text(voicemill: InThisProcess, service: SpeechService) -> None:
    """Speech whose subtitles would take the place of a transcript is a problem of the manifest, and nothing is sent."""
    [path] = recordings(Path("talks"), ["good-night"])
    rows = [
        {"id": "heard", "op": "stt", "transcript": "", "audio": path, "output_format": "txt,srt", "out": "same"},
        {"id": "said", "op": "tts", "transcript": "Hello.", "audio": "", "output_format": "SRT", "out": "Same"},
    ]
    ended = voicemill("run", write_manifest(Path("mixed.csv"), rows), "-o", _RESULTS)
    assert ended.code == 2
    assert "row 2, column out: this row and row 1 would both write 'text/Same.srt'" in ended.stderr
    assert [call.path for call in service.server.calls if call.method == "POST"] == []
