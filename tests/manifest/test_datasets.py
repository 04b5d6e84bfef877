"""Data sets are read as they are, found by their names or contents or named with `--format`."""

import json
from pathlib import Path

import pytest

from tests.manifest.read_manifest import INSPECT, VOICES, written
from tests.manifest.sources.archives import recording
from voicemill.config import load_settings
from voicemill.errors import ManifestError
from voicemill.manifest import ManifestCheck
from voicemill.model import Row


def checked(source: Path, op: str = "stt", format: str = "auto") -> tuple[list[Row], ManifestCheck]:
    """The rows of a manifest and its check."""
    settings = load_settings(operation=op, inputs={"format": format})
    check = ManifestCheck(source, settings, VOICES, INSPECT)
    return list(check), check


def heads(rows: list[Row]) -> list[tuple[str, str, str]]:
    """Of each row its id, its text, and the name of its recording."""
    names = ["".join(Path(one.path).name for one in row.source.recordings) for row in rows]
    return [(row.id, row.speech.text or row.source.reference, name) for row, name in zip(rows, names, strict=True)]


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    """A folder with recordings of six seconds as several data sets name them."""
    (tmp_path / "wavs").mkdir()
    for name in ("wavs/LJ-1.wav", "84-1-0.flac", "84-1-1.flac", "talk.wav"):
        recording(tmp_path / name, seconds=6.0)
    return tmp_path


def test_librispeech(corpus: Path) -> None:
    """Each line is an id and a text, and the id names the recording; a line without a text is a problem."""
    path = written(corpus, "84-1-0 GO ON\n84-1-1 DO YOU HEAR\n", "84-1.trans.txt")
    rows, check = checked(path)
    check.raise_if_bad()
    assert heads(rows) == [("84-1-0", "GO ON", "84-1-0.flac"), ("84-1-1", "DO YOU HEAR", "84-1-1.flac")]
    assert heads(checked(path, "tts")[0])[0] == ("84-1-0", "GO ON", "")
    _, bad = checked(written(corpus, "84-1-0 GO ON\n84-1-1\n", "84-1.trans.txt"))
    assert [problem.row for problem in bad.problems] == [2]


def test_kaldi(corpus: Path) -> None:
    """Recordings, their texts, and segments of them; the output of a command is a problem."""
    written(corpus, "one GO ON\n", "text")
    rows, check = checked(written(corpus, "one 84-1-0.flac\ntwo talk.wav\n", "wav.scp"))
    check.raise_if_bad()
    assert heads(rows) == [("one", "GO ON", "84-1-0.flac"), ("two", "", "talk.wav")]
    written(corpus, "a\tGO\nb ON\n", "text")
    written(corpus, "one\t84-1-0.flac\ntwo talk.wav\n", "wav.scp")
    segments, check = checked(written(corpus, "a two 1.0 2.5\nb\tone\t3\t4\n", "segments"))
    check.raise_if_bad()
    assert [(row.id, row.source.reference, row.source.from_s, row.source.to_s) for row in segments] == [
        ("a", "GO", 1.0, 2.5), ("b", "ON", 3.0, 4.0),
    ]  # fmt: skip
    _, bad = checked(written(corpus, "one sph2pipe x.sph |\n", "wav.scp"))
    assert "output of a command" in bad.problems[0].why


def test_ljspeech_recordings_are_in_its_wavs_folder(corpus: Path) -> None:
    """Its file has no line of column names."""
    rows, check = checked(written(corpus, "LJ-1|Room 12.|Room twelve.\n", "metadata.csv"))
    check.raise_if_bad()
    assert heads(rows) == [("LJ-1", "Room 12.", "LJ-1.wav")]


def test_whisper_segments(corpus: Path) -> None:
    """Each is a row: to speak, or to transcribe again from the recording of the same name."""
    segments = [{"start": 0.5, "end": 2.0, "text": " Go on."}, {"start": 2.0, "end": 3.5, "text": " Do."}]
    transcript = {"text": "Go on. Do.", "segments": segments, "language": "en"}
    path = written(corpus, json.dumps(transcript, indent=2), "talk.json")
    rows, check = checked(path)
    check.raise_if_bad()
    assert heads(rows) == [("talk-0001", " Go on.", "talk.wav"), ("talk-0002", " Do.", "talk.wav")]
    assert [(row.source.from_s, row.source.to_s) for row in rows] == [(0.5, 2.0), (2.0, 3.5)]
    pipeline = {"text": "", "chunks": [{"timestamp": [0.5, 2.0], "text": " Go on."}]}
    cpp = {"result": {"language": "en"}, "transcription": [{"offsets": {"from": 500, "to": 2000}, "text": " Go on."}]}
    api = {"language": "english", "segments": segments[:1]}
    for other in (pipeline, cpp, api):
        rows, check = checked(written(corpus, json.dumps(other), "talk.json"))
        check.raise_if_bad()
        assert [(row.source.reference, row.source.from_s, row.source.to_s) for row in rows] == [(" Go on.", 0.5, 2.0)]
    written(corpus, json.dumps(transcript), "talk.json")
    spoken, check = checked(path, "tts")
    check.raise_if_bad()
    assert [row.speech.text for row in spoken] == [" Go on.", " Do."]


def test_a_wrong_format_is_refused(tmp_path: Path) -> None:
    """The message names the option."""
    with pytest.raises(ManifestError, match="not parquet; correct --format"):
        checked(written(tmp_path, "id,text\na,Hi\n"), "tts", "parquet")


def test_a_list_in_utf16_without_a_mark_is_refused_as_a_list(tmp_path: Path) -> None:
    """The files in it are not blamed."""
    (tmp_path / "files.txt").write_bytes("a.wav\nb.wav\n".encode("utf-16-le"))
    with pytest.raises(ManifestError, match="the list is in UTF-32, in UTF-16 without") as caught:
        checked(Path(f"@{tmp_path / 'files.txt'}"))
    assert caught.value.count == 1


def test_a_list_in_utf16_is_read(corpus: Path) -> None:
    """Notepad writes it; the summary names the encoding."""
    (corpus / "files.txt").write_bytes("talk.wav\r\n".encode("utf-16"))
    rows, check = checked(Path(f"@{corpus / 'files.txt'}"))
    check.raise_if_bad()
    assert [row.id for row in rows] == ["talk.wav"]
    assert check.dialect == "the list is in UTF-16"


@pytest.mark.parametrize("name", ["text", "wav.scp"])
def test_a_file_beside_kaldi_segments_that_is_not_utf8_is_refused(corpus: Path, name: str) -> None:
    """Otherwise its texts or recordings would be missing without a message."""
    written(corpus, "one talk.wav\n", "wav.scp")
    (corpus / name).write_bytes(b"one caf\xe9.wav\n")
    with pytest.raises(ManifestError, match=f"'{name}' beside it is not UTF-8 at byte 8"):
        checked(written(corpus, "one-1 one 0 0.5\n", "segments"))


def test_a_kaldi_segment_may_last_until_the_end_of_its_recording(corpus: Path) -> None:
    """Kaldi writes -1 for the end."""
    written(corpus, "one talk.wav\n", "wav.scp")
    (row,), check = checked(written(corpus, "one-1 one 0.5 -1\n", "segments"))
    check.raise_if_bad()
    assert row.source.audio is not None
    assert (row.source.from_s, row.source.to_s) == (0.5, row.source.audio.duration_s)


@pytest.mark.parametrize("name", ["text", "wav.scp"])
def test_a_second_line_with_a_key_beside_kaldi_segments_is_refused(corpus: Path, name: str) -> None:
    """One of the two lines would be ignored."""
    written(corpus, "two talk.wav\n", "wav.scp")
    with (corpus / name).open("a") as file:
        file.write("two 84-1-0.flac\ntwo 84-1-1.flac\n")
    with pytest.raises(ManifestError, match=f"'{name}' beside it has a second line for 'two'"):
        checked(written(corpus, "a two 1.0 2.5\n", "segments"))


def test_a_kaldi_segment_may_name_the_channel_of_a_recording_with_one(corpus: Path) -> None:
    """The fifth cell is carried along."""
    written(corpus, "two talk.wav\n", "wav.scp")
    rows, check = checked(written(corpus, "a two 1.0 2.5 A\nb two 2.5 3.0\n", "segments"))
    check.raise_if_bad()
    assert [row.carried for row in rows] == [{"channel": "A"}, {"channel": ""}]


def test_whisper_cpp_adds_its_extension_to_the_name_of_the_recording(corpus: Path) -> None:
    """The recording of `talk.wav.json` is `talk.wav`."""
    rows, _ = checked(written(corpus, '{"segments": [{"start": 0, "end": 1, "text": "Go on"}]}', "talk.wav.json"))
    assert heads(rows) == [("talk.wav-0001", "Go on", "talk.wav")]


def test_a_segment_without_times_is_a_problem(corpus: Path) -> None:
    """Otherwise its row would transcribe the whole recording."""
    stamps = {"timestamps": {"from": "00:00:00,500", "to": "00:00:02,000"}, "text": " Go on."}
    transcript = {"transcription": [stamps, {"text": " Do."}]}
    rows, check = checked(written(corpus, json.dumps(transcript), "talk.json"))
    assert [(row.source.reference, row.source.from_s, row.source.to_s) for row in rows] == [(" Go on.", 0.5, 2.0)]
    assert [(problem.row, problem.column) for problem in check.problems] == [(2, "start")]


def test_problems_of_texts_in_a_folder_name_the_file(tmp_path: Path) -> None:
    """The row's number says little where there is no table."""
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a.txt").write_text("One page.\n\fAnother page.\n")
    (tmp_path / "in" / "b.txt").write_text("Bad\x07 page.")
    rows, check = checked(tmp_path / "in", "tts")
    assert rows[0].speech.text == "One page.\n Another page.\n"
    assert "b.txt': there is a control character" in check.warnings[0].why
