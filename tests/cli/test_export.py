"""`voicemill export`: other formats of stored results, without calls, answers or Prefect."""

import json
import shutil
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from tests.flows.commands import InThisProcess
from tests.flows.results import file_hashes, write_manifest
from tests.flows.scripted_recordings import recordings
from tests.flows.speech_service import SpeechService, speech_service
from voicemill import run
from voicemill.pipeline.audit import Kind, audit
from voicemill.text.transcript_files import WRITERS

pytestmark = pytest.mark.without_prefect

_RESULTS = Path("results")
_ALL = ("txt", "json", "srt", "vtt", "tsv")


@pytest.fixture(scope="module")
def delivered(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a manifest and results: a transcript, speech with words, and speech without words."""
    home = tmp_path_factory.mktemp("delivered")
    [path] = recordings(home / "talks", ["the-mill-turns-again"])
    rows = [
        {
            "id": "transcribed",
            "op": "stt",
            "audio": path,
            "transcript": "",
            "timestamps": "",
            "out": "talks/mill",
        },
        {"id": "said", "op": "tts", "audio": "", "transcript": "One. Two {three}.", "timestamps": "true", "out": ""},
        {"id": "plain", "op": "tts", "audio": "", "transcript": "Hello.", "timestamps": "", "out": ""},
    ]
    write_manifest(home / "mixed.csv", rows)
    with speech_service():
        assert run(home / "mixed.csv", home / "results").ok
    return home


@pytest.fixture
def results(delivered: Path, tmp_path: Path) -> Path:
    """A copy of the results."""
    return Path(shutil.copytree(delivered / "results", tmp_path / "results"))


def test_every_format(voicemill: InThisProcess, results: Path) -> None:
    """Export writes every format of each row with words from the tables alone, and the audit finds nothing."""
    shutil.rmtree(results / "answers")
    ended = voicemill("export", results, "--to", ",".join([*WRITERS, "words.parquet", "segments.parquet"]), "--json")
    assert ended.code == 0, ended.stderr
    summary = ended.json
    assert (summary["rows"], summary["rows_without_words"], summary["refused"]) == (2, 1, [])
    names = {str(path.relative_to(results / "text")) for path in (results / "text").rglob("*") if path.is_file()}
    stems = ("talks/mill", "said")
    expected = {f"{stem}.{format}" for stem in stems for format in (*_ALL, "ass", "audacity.txt")}
    assert names == expected | {"words.parquet", "segments.parquet"}
    assert summary["files"] == len(names)
    assert (results / "text/words.parquet").read_bytes() == (results / "words.parquet").read_bytes()
    assert "Two {three}." in (results / "text/said.srt").read_text()
    assert {violation.kind for violation in audit(results)} <= {Kind.ANSWER}


def test_export_equals_the_files_of_a_run(
    voicemill: InThisProcess, service: SpeechService, delivered: Path, results: Path
) -> None:
    """Exported files are identical to those of a run with that output format."""
    assert voicemill("export", results, "--to", "all", "-o", "exported").code == 0
    ended = voicemill("run", delivered / "mixed.csv", "-o", "again", "--output-format", "all")
    assert ended.code == 0, ended.stderr
    for path in Path("exported").rglob("*.*"):
        assert path.read_bytes() == Path("again/text", path.relative_to("exported")).read_bytes(), path


def test_export_to_another_folder(voicemill: InThisProcess, results: Path) -> None:
    """With `-o` the results are not changed, and a second export with other options replaces the first one's files."""
    before = file_hashes(results)
    for width, line in (("42", "The mill turns again."), ("12", "The mill")):
        ended = voicemill("export", results, "--to", "srt", "-o", "subtitles", "--max-line-width", width)
        assert ended.code == 0, ended.stderr
        assert Path("subtitles/talks/mill.srt").read_text().split("\n")[2] == line
    assert file_hashes(results) == before


def test_foreign_files_are_kept(voicemill: InThisProcess, results: Path) -> None:
    """A file that voicemill did not write is kept and reported, and the other files are written."""
    (results / "text/said.srt").write_text("mine")
    ended = voicemill("export", results, "--to", "srt")
    assert ended.code == 3
    assert "said.srt exists and was not written by voicemill" in ended.stdout
    assert (results / "text/said.srt").read_text() == "mine"
    assert (results / "text/talks/mill.srt").is_file()


def test_two_rows_with_the_same_path(voicemill: InThisProcess, service: SpeechService) -> None:
    """If speech and a transcript have the same text file, the second is refused and the first is intact."""
    [path] = recordings(Path("talks"), ["good-night"])
    rows = [
        {"id": "one", "op": "stt", "audio": path, "transcript": "", "timestamps": "", "out": "same"},
        {"id": "two", "op": "tts", "audio": "", "transcript": "Hello.", "timestamps": "true", "out": "same"},
    ]
    assert voicemill("run", write_manifest(Path("mixed.csv"), rows), "-o", _RESULTS).code == 0
    ended = voicemill("export", _RESULTS, "--to", "srt")
    assert ended.code == 3
    assert "row 'two' and row 'one' would both write text/same.srt" in ended.stdout
    assert "Good night." in (_RESULTS / "text/same.srt").read_text()


@pytest.mark.parametrize("to", ["doc", "", "srt,doc"])
def test_unknown_formats_are_refused(voicemill: InThisProcess, results: Path, to: str) -> None:
    """The error for an unknown format lists the valid ones, and nothing is written."""
    ended = voicemill("export", results, "--to", to)
    assert ended.code == 2
    assert "use txt, json, srt" in ended.stderr
    assert not (results / "text/said.srt").exists()


def test_nothing_to_export(voicemill: InThisProcess, service: SpeechService) -> None:
    """Another folder and speech without words are reported as having nothing to export."""
    Path("other").mkdir()
    assert voicemill("export", "other", "--to", "srt").code == 2
    manifest = write_manifest(Path("book.csv"), [{"id": "a", "transcript": "Hello."}])
    voicemill("run", manifest, "-o", _RESULTS)
    ended = voicemill("export", _RESULTS, "--to", "srt,words.parquet")
    assert ended.code == 3
    assert "1 finished rows have no word timestamps" in ended.stdout
    assert "words.parquet was not written" in ended.stdout
    assert pq.read_schema(_RESULTS / "items.parquet").field("words") is not None


def test_data_sets(voicemill: InThisProcess, results: Path, delivered: Path, tmp_path: Path) -> None:
    """Each finished row is an utterance with its recording, text and times."""
    ended = voicemill("export", results, "--to", "nemo,lhotse,audiofolder", "-o", tmp_path / "sets", "--json")
    assert ended.code == 0, ended.stderr
    nemo = [json.loads(line) for line in (tmp_path / "sets/nemo.jsonl").read_text().splitlines()]
    assert [line["id"] for line in nemo] == ["transcribed", "said", "plain"]
    assert all((tmp_path / "sets" / line["audio_filepath"]).is_file() for line in nemo)
    assert nemo[1]["text"] == "One. Two {three}."
    recordings_of = [json.loads(line) for line in (tmp_path / "sets/recordings.jsonl").read_text().splitlines()]
    supervisions = [json.loads(line) for line in (tmp_path / "sets/supervisions.jsonl").read_text().splitlines()]
    assert {line["recording_id"] for line in supervisions} == {line["id"] for line in recordings_of}
    assert all(line["num_samples"] == round(line["duration"] * line["sampling_rate"]) for line in recordings_of)
    metadata = (tmp_path / "sets/audiofolder/metadata.csv").read_text().splitlines()
    assert metadata[0] == "file_name,id,transcription,duration_s,language"
    assert (tmp_path / "sets/audiofolder" / metadata[2].partition(",")[0]).read_bytes()[:4] == b"RIFF"


def test_exported_data_set_is_a_manifest(voicemill: InThisProcess, results: Path, tmp_path: Path) -> None:
    """An exported data set can be read as a manifest."""
    assert voicemill("export", results, "--to", "nemo,audiofolder", "-o", tmp_path / "sets").code == 0
    for name in ("nemo.jsonl", "audiofolder/metadata.csv"):
        ended = voicemill("validate", tmp_path / "sets" / name, "--op", "stt")
        assert ended.code == 0, ended.stdout + ended.stderr
