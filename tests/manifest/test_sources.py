"""Manifests from files, pipes and standard input, and files that change while they are read."""

import hashlib
import io
import os
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.manifest.read_manifest import VOICES, read, read_good, refused, written
from voicemill.config import Settings
from voicemill.errors import ManifestError
from voicemill.manifest import ManifestCheck

NOBODY = 65534


def as_stdin(monkeypatch: pytest.MonkeyPatch, content: bytes) -> None:
    """Replace standard input by `content`."""
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(content)))


@contextmanager
def without_rights() -> Iterator[None]:
    """Run as the user `nobody`, because root may read everything."""
    if os.geteuid() != 0:
        yield
        return
    os.seteuid(NOBODY)
    try:
        yield
    finally:
        os.seteuid(0)


@pytest.mark.parametrize("kind", ["csv", "tsv", "jsonl", "parquet"])
def test_standard_input_is_recognized_by_its_content(
    kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`-` accepts every format and can be read repeatedly."""
    buffer = io.BytesIO()
    pq.write_table(pa.table({"id": ["a"], "text": ["Hi"]}), buffer)
    contents = {
        "csv": b"id,text\na,Hi\n",
        "tsv": b"id\ttext\na\tHi\n",
        "jsonl": b'{"id": "a", "text": "Hi"}',
        "parquet": buffer.getvalue(),
    }
    as_stdin(monkeypatch, contents[kind])
    monkeypatch.chdir(tmp_path)
    found = read_good("-")
    assert (found.row.id, found.row.speech.text) == ("a", "Hi")
    assert found.check.digest == hashlib.sha256(contents[kind]).hexdigest()
    assert list(found.check) == found.rows


def test_problems_of_standard_input_name_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """The message names standard input; duplicates are found although a pipe can be read only once."""
    as_stdin(monkeypatch, b"id,text\na,Hi\na,Ho\n")
    error = refused("-")
    assert error.manifest == "standard input"
    assert [(problem.row, problem.column) for problem in error.problems] == [(2, "id")]


def test_closed_standard_input_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """The message says to give a file."""
    monkeypatch.setattr(sys, "stdin", None)
    assert "give the path of a file" in str(refused("-"))


def test_a_full_temporary_folder_is_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    """If standard input cannot be stored, the message names the folder."""
    as_stdin(monkeypatch, b"id,text\na,Hi\n" * 1000)
    with Path("/dev/full").open("w+b", buffering=0) as full:
        monkeypatch.setattr("tempfile.TemporaryFile", lambda: full)
        assert "set TMPDIR" in str(refused("-"))


def test_a_named_pipe_is_read(tmp_path: Path) -> None:
    """`voicemill run <(command)` works: the pipe is read once and kept."""
    os.mkfifo(tmp_path / "pipe")
    writer = threading.Thread(target=lambda: (tmp_path / "pipe").write_text("id,text\na,Hi\nb,Ho\n"))
    writer.start()
    found = read_good(tmp_path / "pipe")
    writer.join()
    assert [row.id for row in found.rows] == ["a", "b"]


def test_text_files_of_standard_input_start_at_the_working_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Relative paths of text files start at the working folder."""
    (tmp_path / "a.txt").write_text("Hi")
    monkeypatch.chdir(tmp_path)
    as_stdin(monkeypatch, b"id,text_file\na,a.txt\n")
    assert read_good("-").row.speech.text == "Hi"


def test_a_manifest_that_may_not_be_read_is_refused(tmp_path: Path) -> None:
    """The message names the permission."""
    path = written(tmp_path, "id,text\na,Hi\n")
    path.chmod(0)
    with without_rights():
        error = refused(path)
    assert "you may not read this file" in str(error)


def test_a_text_file_that_may_not_be_read_is_a_problem_of_its_row(tmp_path: Path) -> None:
    """The other rows are checked all the same."""
    path = written(tmp_path, "id,text_file\na,a.txt\nb,b.txt\n")
    (tmp_path / "a.txt").write_text("Hi")
    (tmp_path / "a.txt").chmod(0)
    for folder in (tmp_path, *tmp_path.parents):
        if folder.is_relative_to(tempfile.gettempdir()) and folder != Path(tempfile.gettempdir()):
            folder.chmod(0o755)
    with without_rights():
        error = refused(path)
    assert ["is not readable for you" in problem.why for problem in error.problems] == [True, False]


def test_the_digest_is_that_of_the_file(tmp_path: Path) -> None:
    """SHA-256 of the bytes, also where there are problems."""
    for content in ("id,text\na,Hi\n", "id,text\na,\n"):
        path = written(tmp_path, content)
        assert read(path).check.digest == hashlib.sha256(content.encode()).hexdigest()


def test_a_file_that_grows_while_it_is_read_is_refused(tmp_path: Path) -> None:
    """The digest and the rows are those of one file, or there is an error."""
    path = written(tmp_path, "id,text\na,Hi\nb,Ho\n")
    check = ManifestCheck(path, Settings(), VOICES)
    rows = iter(check)
    next(rows)
    with path.open("a") as file:
        file.write("c,Hu\n")
    with pytest.raises(ManifestError, match="changed while it was read"):
        list(rows)


def test_columns_are_known_before_the_rows(tmp_path: Path) -> None:
    """A table can be laid out before the first row; a file that cannot be opened raises an error at once."""
    path = written(tmp_path, '{"id": "a", "text": "Hi"}\n{"id": "b", "text": "Ho", "note": 1}\n', "m.jsonl")
    check = ManifestCheck(path, Settings(), VOICES)
    assert check.columns == ("id", "text", "note")
    assert check.carried_columns == ("note",)
    with pytest.raises(ManifestError, match="no such file"):
        _ = ManifestCheck(tmp_path / "none.csv", Settings(), VOICES).columns


def test_a_second_iteration_starts_afresh(tmp_path: Path) -> None:
    """Problems and counts are those of one pass, not of all."""
    check = ManifestCheck(written(tmp_path, "id,text\na,Hi\na,\n"), Settings(), VOICES)
    first = (list(check), check.problems, check.problem_count)
    assert (list(check), check.problems, check.problem_count) == first


def test_an_iteration_can_be_abandoned(tmp_path: Path) -> None:
    """Stopping after the first row leaves no file open."""
    check = ManifestCheck(written(tmp_path, "id,text\na,Hi\nb,Ho\n"), Settings(), VOICES)
    for row in check:
        assert row.id == "a"
        break
    assert [row.id for row in check] == ["a", "b"]


def test_nothing_is_printed(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """Problems and warnings are returned, not printed."""
    read_good(written(tmp_path, "id,text,voise\na,Hi,x\n"))
    refused(written(tmp_path, "id,text\na,\n"))
    assert capfd.readouterr() == ("", "")
