"""A results folder: one run at a time, and what earlier ones left."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from voicemill.errors import ResultsLockedError, StorageError
from voicemill.store.results_folder import ResultsFolder, read_json, write_json

HOLD = """
import sys, pathlib
from voicemill.store.results_folder import ResultsFolder
with ResultsFolder(pathlib.Path(sys.argv[1])).locked():
    print("locked", flush=True)
    sys.stdin.read()
"""


def test_a_second_run_is_kept_out(tmp_path: Path) -> None:
    """While one process holds the folder, another is told by whom; when it is killed, the lock is gone."""
    folder = ResultsFolder(tmp_path / "results")
    command = [sys.executable, "-c", HOLD, str(folder.path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "locked\n"
        assert folder.is_locked()
        with pytest.raises(ResultsLockedError, match=f"process {holder.pid} on "), folder.locked():
            pass
        holder.kill()
    assert not folder.is_locked()
    with folder.locked():
        assert folder.is_locked()
    assert not folder.is_locked()


def test_a_folder_that_was_never_used_is_not_locked(tmp_path: Path) -> None:
    """Asking does not make one."""
    assert not ResultsFolder(tmp_path / "none").is_locked()
    assert not (tmp_path / "none").exists()


def test_a_place_that_takes_no_folder_is_told_before_any_call(tmp_path: Path) -> None:
    """A file in the way is a `StorageError` when the folder is made."""
    (tmp_path / "file").write_text("mine")
    with pytest.raises(StorageError):
        ResultsFolder(tmp_path / "file").create()
    with pytest.raises(StorageError):
        ResultsFolder(tmp_path / "file" / "results").create()


def test_answers_may_be_kept_elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In the folder itself, or where the settings put them, the home folder included."""
    monkeypatch.setenv("HOME", str(tmp_path))
    folder = ResultsFolder(tmp_path / "results")
    assert folder.answers("") == tmp_path / "results" / "answers"
    assert folder.answers("/shared/answers") == Path("/shared/answers")
    assert folder.answers("~/answers") == tmp_path / "answers"


def test_tables_of_earlier_runs_are_found_in_order(tmp_path: Path) -> None:
    """The published table first, then the parts of a run that was cut short."""
    folder = ResultsFolder(tmp_path)
    assert folder.earlier_tables() == []
    parts = folder.new_parts("run")
    for path in (parts / "00001.parquet", parts / "00000.parquet", folder.items):
        path.touch()
    assert folder.is_cut_short
    assert folder.earlier_tables() == [folder.items, parts / "00000.parquet", parts / "00001.parquet"]
    folder.clear_parts()
    folder.clear_parts()
    assert folder.earlier_tables() == [folder.items]
    assert not folder.is_cut_short


def test_only_our_own_partial_files_are_swept(tmp_path: Path) -> None:
    """What a killed run left goes, also from folders below; the user's files stay, whatever they are called."""
    folder = ResultsFolder(tmp_path)
    (folder.audio / "part 1").mkdir(parents=True)
    left = folder.audio / "part 1" / ".0123456789ab-a.wav.partial"
    kept = [folder.audio / name for name in ("a.wav", "a.wav.partial", ".partial", "part 1/.hidden.partial")]
    for path in (left, *kept):
        path.write_bytes(b"x")
    folder.sweep()
    assert not left.exists()
    assert all(path.exists() for path in kept)


@pytest.mark.parametrize("content", [b"", b"[]", b"{", b"\xff", b"null"])
def test_a_damaged_note_is_no_note(content: bytes, tmp_path: Path) -> None:
    """Progress and facts that cannot be read are as if they were not there."""
    path = tmp_path / "note.json"
    assert read_json(path) is None
    path.write_bytes(content)
    assert read_json(path) is None


def test_notes_are_read_as_they_were_written(tmp_path: Path) -> None:
    """Text of any script stays readable."""
    write_json(tmp_path / "note.json", {"id": "Zürich 日本", "rows": 3})
    assert read_json(tmp_path / "note.json") == {"id": "Zürich 日本", "rows": 3}
    assert "日本" in (tmp_path / "note.json").read_text(encoding="utf-8")
    assert json.loads((tmp_path / "note.json").read_bytes())
