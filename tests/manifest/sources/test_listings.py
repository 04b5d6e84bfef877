"""Folders, globs and lists as sources: the files that they name, and how bad files are reported."""

import io
import sys
from pathlib import Path

import pytest

from tests.manifest.read_manifest import ANNA, INSPECT, VOICES, Read
from tests.manifest.sources.archives import GOOD, REFUSED, odd_archive, recording
from voicemill.config import load_settings
from voicemill.errors import ManifestError
from voicemill.manifest import ManifestCheck, source_name


def read_files(source: str | Path, op: str = "stt") -> Read:
    """All rows of a source."""
    check = ManifestCheck(source, load_settings(operation=op, defaults={"voice": ANNA.name}), VOICES, INSPECT)
    return Read(list(check), check)


def test_every_file_of_a_folder_is_one_row(tmp_path: Path) -> None:
    """Each file becomes one row, in the order of the names; a bad one is refused with a code and stops nothing."""
    found = read_files(odd_archive(tmp_path / "archive"))
    assert found.problems == []
    assert {row.id: row.refusal.code for row in found.rows if row.refusal} == REFUSED
    assert {row.id: row.file_name for row in found.rows if not row.refusal} == {
        name: f"text/{output}.txt" for name, output in GOOD.items()
    }
    assert [row.number for row in found.rows] == list(range(1, len(GOOD) + len(REFUSED) + 1))
    assert found.check.refused_count == len(REFUSED)


def test_skipped_files_are_reported(tmp_path: Path) -> None:
    """Files that are not audio are counted in one warning; each refused file has a separate one."""
    warnings = read_files(odd_archive(tmp_path / "archive")).check.warnings
    assert [str(warning) for warning in warnings if not warning.row] == [
        "file: 1 files are skipped because no operation processes them, such as 'notes.md'"
    ]
    assert len([warning for warning in warnings if warning.column == "audio"]) == len(REFUSED)


def test_audio_that_cannot_be_read_is_refused_by_name(tmp_path: Path) -> None:
    """Recordings of formats that are not supported are rows, not files among others that are skipped."""
    for name in ("talk.ape", "call.gsm", "memo.ds2"):
        (tmp_path / name).write_bytes(b"MAC \x96\x0f" * 99)
    found = read_files(tmp_path)
    assert [(row.id, row.refusal and row.refusal.code) for row in found.rows] == [
        ("call.gsm", "not_audio"), ("memo.ds2", "not_audio"), ("talk.ape", "not_audio"),
    ]  # fmt: skip


def test_a_folder_reads_the_same_twice(tmp_path: Path) -> None:
    """The same folder gives the same rows and digest again; another file changes the digest."""
    archive = odd_archive(tmp_path / "archive")
    first, second = read_files(archive), read_files(archive)
    assert (first.rows, first.check.digest) == (second.rows, second.check.digest)
    recording(archive / "zz.wav")
    assert read_files(archive).check.digest != first.check.digest


@pytest.mark.parametrize(("op", "kind"), [("stt", "text/sub/b.txt"), ("voice_change", "audio/sub/b.wav")])
def test_outputs_mirror_the_tree(op: str, kind: str, tmp_path: Path) -> None:
    """An output has the relative path of its source, with the folder and the extension of its kind."""
    recording(tmp_path / "archive" / "sub" / "b.wav")
    assert read_files(tmp_path / "archive", op).row.file_name == kind


def test_texts_of_a_folder_are_spoken(tmp_path: Path) -> None:
    """A folder of texts makes rows of speech; a text that cannot be spoken is refused by itself."""
    (tmp_path / "part").mkdir()
    (tmp_path / "part" / "one.txt").write_text("Chapter one.")
    (tmp_path / "two.txt").write_text("...")
    (tmp_path / "three.txt").write_bytes(b"\xfa\xfe")
    found = read_files(tmp_path, "tts")
    assert [(row.id, row.speech.text) for row in found.rows if not row.refusal] == [("part/one.txt", "Chapter one.")]
    assert {row.id: row.refusal.code for row in found.rows if row.refusal} == {
        "three.txt": "not_text",
        "two.txt": "empty_file",
    }
    assert found.rows[0].file_name == "audio/part/one.wav"


def test_text_file_is_one_row(tmp_path: Path) -> None:
    """A `.txt` of sentences is spoken as one text; one that starts with column names is a table."""
    path = tmp_path / "one.txt"
    path.write_text("It rains, at last.\nThe end.\n")
    assert read_files(path, "tts").row.speech.text == "It rains, at last.\nThe end.\n"
    with pytest.raises(ManifestError, match=r"write @.*one\.txt"):
        read_files(path, "stt")
    path.write_text("id\ttranscript\na\tIt rains.\n")
    assert read_files(path, "tts").row.id == "a"


def test_a_glob_yields_matching_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Matches are relative to the fixed part of the glob; results folders and hidden files never match."""
    odd_archive(tmp_path / "archive")
    assert [row.id for row in read_files(tmp_path / "archive" / "**" / "*.mp3").rows] == ["cut.mp3", "sub/a.mp3"]
    monkeypatch.chdir(tmp_path / "archive")
    assert [row.id for row in read_files("t*.wav").rows] == ["talk.wav", "text.wav"]
    assert "results/old.wav" not in [row.id for row in read_files("**/*.wav").rows]


def test_a_list_names_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Paths start at the folder of the list or are absolute; each file occurs once, and comments are skipped."""
    recording(tmp_path / "a.wav")
    other = recording(tmp_path / "far" / "b.wav")
    (tmp_path / "lists").mkdir()
    content = f"#EXTM3U\n\n../a.wav\n{other}\n../a.wav\ngone.wav\n"
    for name, given in (("all.m3u", "all.m3u"), ("all.lst", "@all.lst")):
        (tmp_path / "lists" / name).write_text(content)
        mark = "@" * given.startswith("@")
        rows = read_files(f"{mark}{tmp_path / 'lists' / name}").rows
        found = [row.refusal.code if row.refusal else row.source.sent_s for row in rows]
        assert found == [0.25, 0.25, "missing"]
        assert rows[0].id == "a.wav"
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"a.wav\n")))
    assert read_files("@-").row.id == "a.wav"


def test_a_recording_is_a_source_by_itself(tmp_path: Path) -> None:
    """A single audio file is a source."""
    assert read_files(recording(tmp_path / "talk.wav")).row.id == "talk.wav"


@pytest.mark.parametrize(
    ("op", "source", "why"),
    [
        ("stt", "empty", "has no audio file"),
        ("tts", "archive", "--op stt"),
        ("infill", "archive", "give a manifest"),
        ("stt", "archive/*.ogg", "no file matches"),
        ("stt", "@nothing", "the list cannot be read"),
        ("stt", "@blank", "the list names no file"),
    ],
)
def test_empty_sources_are_refused(
    op: str, source: str, why: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A source without any input is refused with a remedy."""
    monkeypatch.chdir(tmp_path)
    recording(tmp_path / "archive" / "a.wav")
    (tmp_path / "empty").mkdir()
    (tmp_path / "blank").write_text("# nothing\n")
    with pytest.raises(ManifestError, match=why):
        read_files(source, op)


@pytest.mark.parametrize(
    ("source", "name"),
    [("archive/", "archive"), ("archive/**/*.wav", "archive"), ("@-", "stdin"), ("-", "stdin"), ("x/b.csv", "b")],
)
def test_results_are_named_after_their_source(
    source: str, name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The results folder has the name of the folder, list or manifest; `.` gives the name of the working folder."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "archive").mkdir()
    assert source_name(source) == name
    assert source_name(".") == tmp_path.name
