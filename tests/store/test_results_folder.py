"""The results folder: its lock, and the files of earlier runs."""

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


def test_second_run_is_refused(tmp_path: Path) -> None:
    """While a process holds the lock, another gets an error that names it; killing the process releases the lock."""
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


def test_unused_folder_is_not_locked(tmp_path: Path) -> None:
    """Checking the lock of a missing folder does not create it."""
    assert not ResultsFolder(tmp_path / "none").is_locked()
    assert not (tmp_path / "none").exists()


def test_folder_that_cannot_be_created_is_a_storage_error(tmp_path: Path) -> None:
    """Creating the folder raises a `StorageError` if a file is in its place."""
    (tmp_path / "file").write_text("mine")
    with pytest.raises(StorageError):
        ResultsFolder(tmp_path / "file").create()
    with pytest.raises(StorageError):
        ResultsFolder(tmp_path / "file" / "results").create()


def test_answer_store_may_be_elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Answers are stored in the results folder or at the configured path, which may start with `~`."""
    monkeypatch.setenv("HOME", str(tmp_path))
    folder = ResultsFolder(tmp_path / "results")
    assert folder.answers("") == tmp_path / "results" / "answers"
    assert folder.answers("/shared/answers") == Path("/shared/answers")
    assert folder.answers("~/answers") == tmp_path / "answers"


def test_tables_of_earlier_runs_are_found_in_order(tmp_path: Path) -> None:
    """The published table comes first, then the part tables of an interrupted run."""
    folder = ResultsFolder(tmp_path)
    assert folder.earlier_tables() == []
    parts = folder.new_parts("run")
    for path in (parts / "00001.parquet", parts / "00000.parquet", folder.items):
        path.touch()
    assert folder.was_interrupted
    assert folder.earlier_tables() == [folder.items, parts / "00000.parquet", parts / "00001.parquet"]
    folder.clear_parts()
    folder.clear_parts()
    assert folder.earlier_tables() == [folder.items]
    assert not folder.was_interrupted


def test_only_own_partial_files_are_removed(tmp_path: Path) -> None:
    """Partial files of a killed run are removed, also in subfolders; a user's files are kept, whatever their names."""
    folder = ResultsFolder(tmp_path)
    (folder.audio / "part 1").mkdir(parents=True)
    left = folder.audio / "part 1" / ".0123456789ab-a.wav.partial"
    kept = [folder.audio / name for name in ("a.wav", "a.wav.partial", ".partial", "part 1/.hidden.partial")]
    for path in (left, *kept):
        path.write_bytes(b"x")
    folder.remove_partials()
    assert not left.exists()
    assert all(path.exists() for path in kept)


@pytest.mark.parametrize("content", [b"", b"[]", b"{", b"\xff", b"null"])
def test_damaged_note_is_ignored(content: bytes, tmp_path: Path) -> None:
    """Progress and facts that cannot be parsed count as missing."""
    path = tmp_path / "note.json"
    assert read_json(path) is None
    path.write_bytes(content)
    assert read_json(path) is None


def test_notes_are_read_back_unchanged(tmp_path: Path) -> None:
    """Text in any script is stored readably."""
    write_json(tmp_path / "note.json", {"id": "Zürich 日本", "rows": 3})
    assert read_json(tmp_path / "note.json") == {"id": "Zürich 日本", "rows": 3}
    assert "日本" in (tmp_path / "note.json").read_text(encoding="utf-8")
    assert json.loads((tmp_path / "note.json").read_bytes())
