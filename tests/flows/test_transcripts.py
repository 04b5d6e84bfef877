"""Transcripts of a run: files, tables, quality flags, references, and what a rerun keeps."""

import os
import shutil
from pathlib import Path
from typing import Any
from unittest import mock

import pyarrow.parquet as pq
import pytest

from tests.flows.commands import InThisProcess
from tests.flows.results import file_hashes, items, read_sheet, write_manifest
from tests.flows.scripted_recordings import recordings
from tests.flows.speech_service import SpeechService
from tests.hostile_server import Call
from tests.hostile_speech import error_reply
from tests.hostile_transcripts import transcription_of
from voicemill.pipeline.audit import audit
from voicemill.processes.worker_process import WorkerProcess

pytestmark = pytest.mark.without_prefect

_RESULTS = Path("results")
_NAMES = ("the-mill-turns", "no-wind-today", "good-night")


def write_talks(**columns: list[str]) -> Path:
    """Write a manifest of three recordings."""
    rows = [{"id": name, "audio": path} for name, path in zip(_NAMES, recordings(Path("talks"), _NAMES), strict=True)]
    for column, cells in columns.items():
        rows = [row | {column: cell} for row, cell in zip(rows, cells, strict=True)]
    return write_manifest(Path("talks.csv"), rows)


def words(results: Path = _RESULTS) -> list[tuple[str, str]]:
    """The row ids and words of the words table."""
    return [(line["id"], line["word"]) for line in pq.read_table(results / "words.parquet").to_pylist()]


def _words_of(*names: str) -> list[tuple[str, str]]:
    return [(name, word) for name in names for word in name.split("-")]


@pytest.fixture
def transcribe(voicemill: InThisProcess, service: SpeechService) -> Any:
    """Run a transcription; returns the paths of its requests and its standard output."""

    def run(manifest: Path, *options: str, code: int = 0) -> tuple[list[str], str]:
        service.reset_calls()
        result = voicemill("run", manifest, "-o", _RESULTS, "--op", "stt", *options)
        assert result.code == code, result.stderr
        return [call.path for call in service.server.calls if call.method == "POST"], result.stdout

    return run


def test_formats_and_tables(transcribe: Any) -> None:
    """A run writes a file per Whisper format, a words table and a segments table, and the audit accepts them."""
    sent, _ = transcribe(write_talks(), "--output-format", "all")
    assert sent == ["/stt"] * 3
    found = {path.name for path in (_RESULTS / "text").iterdir()}
    assert found == {f"{name}.{format}" for name in _NAMES for format in ("txt", "json", "srt", "vtt", "tsv")}
    assert (_RESULTS / "text/good-night.txt").read_text() == "Good night.\n"
    assert (_RESULTS / "text/good-night.srt").read_text() == "1\n00:00:00,000 --> 00:00:00,600\nGood night.\n"
    assert words() == _words_of(*_NAMES)
    segments = pq.read_table(_RESULTS / "segments.parquet").to_pylist()
    assert [line["text"] for line in segments] == [item["transcript"] for item in items(_RESULTS)]
    assert [item["words"] for item in items(_RESULTS)] == [3, 3, 2]
    assert audit(_RESULTS) == []


@pytest.mark.parametrize("verb", ["plan", "validate"])
def test_unchanged_recordings_are_not_inspected_again(voicemill: InThisProcess, transcribe: Any, verb: str) -> None:
    """`plan` and `validate` use an earlier run's inspection of unchanged recordings and write nothing to its folder."""
    manifest = write_talks()
    for talk in Path("talks").iterdir():
        os.utime(talk, ns=(10**18, 10**18))
    transcribe(manifest)
    arguments: list[str | Path] = [verb, manifest, "-o", _RESULTS, "--op", "stt", "--json"]
    before = {path: path.stat().st_mtime_ns for path in _RESULTS.rglob("*")}
    with mock.patch.object(WorkerProcess, "send", side_effect=AssertionError):
        result = voicemill(*arguments)
    assert (result.code, result.json["rows"]) == (0, 3)
    (Path("talks") / f"{_NAMES[0]}.wav").write_bytes(b"nothing")
    assert "not audio that can be decoded" in (changed := voicemill(*arguments)).stdout + changed.stderr
    assert {path: path.stat().st_mtime_ns for path in _RESULTS.rglob("*")} == before


def test_rerun_changes_nothing(transcribe: Any) -> None:
    """A rerun sends no request, changes no byte and does not read the stored answers."""
    manifest = write_talks()
    transcribe(manifest)
    before = file_hashes(_RESULTS)
    shutil.rmtree(_RESULTS / "answers")
    (_RESULTS / "answers").mkdir()
    sent, _ = transcribe(manifest)
    assert sent == []
    assert {**before, **file_hashes(_RESULTS)} == before


def test_unchanged_rows_keep_their_words(transcribe: Any) -> None:
    """After reordering and adding a row, the words of unchanged rows are copied from the earlier table."""
    transcribe(write_talks())
    shutil.rmtree(_RESULTS / "answers")
    rows = [{"id": name, "audio": f"talks/{name}.wav"} for name in (_NAMES[2], "new-words", _NAMES[0])]
    recordings(Path("talks"), ["new-words"])
    sent, _ = transcribe(write_manifest(Path("talks.csv"), rows))
    assert sent == ["/stt"]
    assert words() == _words_of(_NAMES[2], "new-words", _NAMES[0])
    assert audit(_RESULTS) == []


@pytest.mark.parametrize("name", ["words.parquet", "segments.parquet"])
@pytest.mark.parametrize("damage", [Path.unlink, lambda path: path.write_bytes(path.read_bytes()[::-1])])
def test_lost_tables_are_rebuilt_from_answers(transcribe: Any, name: str, damage: Any) -> None:
    """A deleted or damaged table is identical after a rerun that sends no request."""
    manifest = write_talks()
    transcribe(manifest)
    before = file_hashes(_RESULTS)
    damage(_RESULTS / name)
    assert {violation.where for violation in audit(_RESULTS)} == {name}
    sent, _ = transcribe(manifest)
    assert sent == []
    found = file_hashes(_RESULTS)
    assert {path for path in before if before[path] != found[path]} <= {"run.json", "report.html"}
    assert audit(_RESULTS) == []


def test_tables_without_rows_are_removed(voicemill: InThisProcess, transcribe: Any) -> None:
    """If no row has words, the words and segments tables are removed."""
    transcribe(write_talks())
    manifest = write_manifest(Path("book.csv"), [{"id": "a", "transcript": "Hello."}])
    assert voicemill("run", manifest, "-o", _RESULTS).code == 0
    assert not (_RESULTS / "words.parquet").exists()
    assert not (_RESULTS / "segments.parquet").exists()
    assert audit(_RESULTS) == []


def test_subtitle_options_need_no_call(transcribe: Any) -> None:
    """Other line widths change the subtitles, made from the stored answers, and no other file."""
    manifest = write_talks()
    transcribe(manifest, "--output-format", "srt,json")
    before = file_hashes(_RESULTS)
    sent, _ = transcribe(manifest, "--output-format", "srt,json", "--max-line-width", "8", "--max-line-count", "3")
    assert sent == []
    assert (_RESULTS / "text/the-mill-turns.srt").read_text().endswith("\nThe mill\nturns.\n")
    sent, _ = transcribe(manifest, "--output-format", "srt,json", "--highlight-words")
    assert sent == []
    assert "<u>The</u> mill turns." in (_RESULTS / "text/the-mill-turns.srt").read_text()
    changed = {path for path, digest in file_hashes(_RESULTS).items() if before.get(path) != digest}
    assert changed == {"items.parquet", "report.html", "run.json", *(f"text/{name}.srt" for name in _NAMES)}


def test_references(transcribe: Any, service: SpeechService) -> None:
    """A transcript in the manifest is the reference for the word error rate and is kept in `failures.csv`."""
    references = ["the mill turned", "", "Good night, sleep well!"]
    manifest = write_talks(transcript=references)
    _, stdout = transcribe(manifest)
    found = items(_RESULTS)
    assert [item["reference"] for item in found] == ["the mill turned", None, "Good night, sleep well!"]
    assert [item["transcript"] for item in found] == ["The mill turns.", "No wind today.", "Good night."]
    assert [item["word_error_rate"] for item in found] == [pytest.approx(1 / 3, abs=1e-4), None, 0.5]
    assert "Word error rate against the references: 42.9%" in stdout
    service.replies["*"] = error_reply(400, "No", "Not this")
    transcribe(manifest, "--language", "de", code=3)
    assert [row["transcript"] for row in read_sheet(_RESULTS / "failures.csv")] == references


def test_edited_reference_is_compared_again(transcribe: Any) -> None:
    """An edited reference gives a new word error rate without a request."""
    transcribe(write_talks(transcript=["the mill turned", "", ""]))
    sent, _ = transcribe(write_talks(transcript=["the mill turns", "", ""]))
    assert sent == []
    assert [item["word_error_rate"] for item in items(_RESULTS)] == [0.0, None, None]


def test_quality_flags(transcribe: Any, service: SpeechService) -> None:
    """Transcripts that look hallucinated are flagged and counted, and their rows are still done."""

    def hallucinated(call: Call) -> Any:
        replies = [
            transcription_of("", []),
            transcription_of("so " * 9, ["so"] * 9),
            transcription_of("No wind.", ["no", "wind"], language="de"),
        ]
        return replies[len([one for one in service.server.calls if one.path == "/stt"]) - 1]

    service.replies["*"] = service.replies[""] = hallucinated
    _, stdout = transcribe(write_talks(), "--max-concurrency", "1")
    assert [item["suspect"] for item in items(_RESULTS)] == [["empty"], ["looping"], ["language"]]
    assert [item["status"] for item in items(_RESULTS)] == ["done"] * 3
    assert "Quality flags: 3 rows" in stdout
    assert audit(_RESULTS) == []


def test_speech_with_timestamps(voicemill: InThisProcess, service: SpeechService) -> None:
    """Words of speech with subtitles or timestamps are in the tables along with those of transcriptions."""
    [path] = recordings(Path("talks"), ["good-night"])
    rows = [
        {"id": "spoken", "op": "tts", "transcript": "Hello, mill.", "audio": "", "output_format": "srt"},
        {"id": "plain", "op": "tts", "transcript": "Goodbye.", "audio": "", "output_format": ""},
        {"id": "transcribed", "op": "stt", "transcript": "", "audio": path, "output_format": "txt"},
    ]
    manifest = write_manifest(Path("mixed.csv"), rows)
    assert voicemill("run", manifest, "-o", _RESULTS).code == 0
    assert words() == [
        ("spoken", "Hello,"),
        ("spoken", "mill."),
        *(("transcribed", word) for word in ("good", "night")),
    ]
    assert "Hello, mill." in (_RESULTS / "text/spoken.srt").read_text()
    assert [item["words"] for item in items(_RESULTS)] == [2, None, 2]
    assert voicemill("run", manifest, "-o", _RESULTS, "--timestamps").code == 0
    assert [item["words"] for item in items(_RESULTS)] == [2, 1, 2]
    assert audit(_RESULTS) == []


def test_two_rows_with_the_same_text_file_are_a_problem(voicemill: InThisProcess, service: SpeechService) -> None:
    """Subtitles of speech with the path of a transcript are a problem of the manifest, and no request is sent."""
    [path] = recordings(Path("talks"), ["good-night"])
    rows = [
        {"id": "transcribed", "op": "stt", "transcript": "", "audio": path, "output_format": "txt,srt", "out": "same"},
        {"id": "spoken", "op": "tts", "transcript": "Hello.", "audio": "", "output_format": "SRT", "out": "Same"},
    ]
    result = voicemill("run", write_manifest(Path("mixed.csv"), rows), "-o", _RESULTS)
    assert result.code == 2
    assert "row 2, column out: this row and row 1 would both write 'text/Same.srt'" in result.stderr
    assert [call.path for call in service.server.calls if call.method == "POST"] == []
