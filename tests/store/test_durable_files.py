"""Durable files: the order of the steps of a write, and the state after any of them fails."""

import errno
import os
from collections.abc import Iterator
from pathlib import Path
from unittest import mock

import pytest

from tests.flows.disks import enlarge, small_disk
from tests.store.failing_disk import ERRORS, failing_disk, recorded_disk
from voicemill.errors import StorageError
from voicemill.store import durable_files as durable

OLD, NEW = b"old content", b"new content that is longer " * 1000


@pytest.fixture
def passed() -> Iterator[list[str]]:
    """The fault points that a test passes."""
    names: list[str] = []
    durable.set_fault_hook(names.append)
    yield names
    durable.set_fault_hook(durable.no_fault)


def left_in(folder: Path) -> list[str]:
    """The names of all files in a folder."""
    return sorted(path.name for path in folder.iterdir())


def stream(target: Path) -> None:
    """Write a file block by block."""
    with durable.open_partial(target) as (file, partial):
        file.write(NEW)
        file.flush()
        durable.commit(partial, target, sync_name=False)


def test_steps_of_a_write_are_in_durable_order(tmp_path: Path, passed: list[str]) -> None:
    """The steps are content, fsync, rename and fsync of the folder, and each calls the fault hook."""
    with recorded_disk() as done:
        durable.write_file(tmp_path / "a", NEW)
    assert done == ["write", "fsync file", "rename", "fsync folder"]
    assert passed == ["before fsync", "before rename", "after rename", "after folder fsync"]


def test_many_names_can_share_one_sync(tmp_path: Path, passed: list[str]) -> None:
    """Without `sync_name` only the fsync of the folder is left to the caller."""
    partial = durable.write_partial(tmp_path / "a", (NEW,))
    with recorded_disk() as done:
        durable.commit(partial, tmp_path / "a", sync_name=False)
    assert done == ["fsync file", "rename"]
    assert passed == ["before fsync", "before rename", "after rename"]


def test_write_replaces_content_and_leaves_no_partial_file(tmp_path: Path) -> None:
    """Chunks are joined, the old content is replaced, and no partial file remains."""
    durable.write_file(tmp_path / "a", OLD)
    durable.write_file(tmp_path / "a", b"one ", b"", b"two")
    assert (tmp_path / "a").read_bytes() == b"one two"
    assert left_in(tmp_path) == ["a"]


@pytest.mark.parametrize("error", ERRORS, ids=errno.errorcode.get)
@pytest.mark.parametrize("there", [None, OLD], ids=["new", "replaced"])
def test_failure_at_any_step_leaves_no_torn_file(error: int, there: bytes | None, tmp_path: Path) -> None:
    """If any system call fails, a `StorageError` names the remedy, and the file has its old or its new content."""
    steps = ("open", "writev", "open", "fsync", "replace", "open", "fsync")
    for nth, step in enumerate(steps, 1):
        target = tmp_path / f"a{nth}" / "file"
        target.parent.mkdir()
        if there is not None:
            target.write_bytes(there)
        with failing_disk(nth, error) as made, pytest.raises(StorageError, match="; ") as caught:
            durable.write_file(target, NEW)
        assert made == list(steps[:nth]), step
        assert str(target.parent) in str(caught.value)
        found = target.read_bytes() if target.exists() else None
        assert found == (NEW if "replace" in made[:-1] else there)
        assert left_in(target.parent) == (["file"] if target.exists() else [])
    with failing_disk(len(steps) + 1, error) as made:
        durable.write_file(tmp_path / "whole", NEW)
    assert len(made) == len(steps)


@pytest.mark.parametrize("error", ERRORS, ids=errno.errorcode.get)
def test_failed_streamed_write_leaves_no_partial_file(error: int, tmp_path: Path) -> None:
    """A partial file that cannot be completed or renamed is removed."""
    target = tmp_path / "file"
    for nth in range(1, 5):
        with failing_disk(nth, error, ("open", "fsync", "replace")), pytest.raises(StorageError):
            stream(target)
        assert left_in(tmp_path) == []
    stream(target)
    assert left_in(tmp_path) == ["file"]


def test_file_with_a_failed_fsync_is_discarded(tmp_path: Path) -> None:
    """After EIO the kernel may report success for the next fsync, so the partial file is not kept for adoption."""
    partial = durable.write_partial(tmp_path / "a", (NEW,))
    with failing_disk(1, errno.EIO, ("fsync",)) as made, pytest.raises(StorageError, match="reports an error"):
        durable.commit(partial, tmp_path / "a")
    assert made == ["fsync"]
    assert left_in(tmp_path) == []


def test_short_writes_are_completed(tmp_path: Path) -> None:
    """If the disk accepts a few bytes per write, all bytes are written."""
    taken: list[int] = []
    write = os.write

    def little(descriptor: int, content: bytes) -> int:
        taken.append(write(descriptor, bytes(content)[:1000]))
        return taken[-1]

    with mock.patch.multiple(os, write=little, writev=lambda descriptor, chunks: little(descriptor, chunks[0])):
        durable.write_file(tmp_path / "a", NEW, OLD)
    assert (tmp_path / "a").read_bytes() == NEW + OLD
    assert len(taken) > 20


def test_wrong_file_length_is_detected(tmp_path: Path) -> None:
    """The length is checked before the file is renamed."""
    lying = mock.patch.object(os, "writev", lambda _descriptor, chunks: sum(map(len, chunks)))
    with lying, pytest.raises(StorageError):
        durable.write_file(tmp_path / "a", NEW)
    assert left_in(tmp_path) == []


def test_link_in_place_of_a_partial_file_is_not_followed(tmp_path: Path) -> None:
    """A link in the folder cannot redirect a write to another place."""
    (tmp_path / "victim").write_bytes(OLD)
    (tmp_path / f"a{durable.PARTIAL_SUFFIX}").symlink_to(tmp_path / "victim")
    with pytest.raises(StorageError):
        durable.write_file(tmp_path / "a", NEW)
    assert (tmp_path / "victim").read_bytes() == OLD


def test_files_and_folders_are_private(tmp_path: Path) -> None:
    """Files have mode 0600 and folders 0700, whatever the umask."""
    before = os.umask(0)
    try:
        durable.make_folder(tmp_path / "new" / "folder")
        durable.write_file(tmp_path / "new" / "folder" / "file", NEW)
        durable.append_lines(tmp_path / "new" / "lines", ["one"])
        with durable.open_partial(tmp_path / "new" / "streamed") as (_, partial):
            assert partial.stat().st_mode & 0o777 == 0o600
    finally:
        os.umask(before)
    assert (tmp_path / "new" / "folder").stat().st_mode & 0o777 == 0o700
    for name in ("folder/file", "lines"):
        assert (tmp_path / "new" / name).stat().st_mode & 0o777 == 0o600


def test_equal_content_is_not_written_again(tmp_path: Path) -> None:
    """A file that already has the content keeps its time, and the partial file is removed."""
    durable.write_file(tmp_path / "a", OLD)
    before = (tmp_path / "a").stat()
    assert not durable.replace_if_changed(durable.write_partial(tmp_path / "a", (OLD,)), tmp_path / "a")
    assert (tmp_path / "a").stat() == before
    assert durable.replace_if_changed(durable.write_partial(tmp_path / "a", (NEW,)), tmp_path / "a")
    assert (tmp_path / "a").read_bytes() == NEW
    assert left_in(tmp_path) == ["a"]


def test_line_is_appended_completely_or_not_at_all(tmp_path: Path) -> None:
    """If only half a line is written it is removed, and the next line is intact."""
    lines = tmp_path / "lines"
    durable.append_lines(lines, ["first"])
    write = os.write
    nearly_full = mock.patch.object(os, "write", lambda descriptor, content: write(descriptor, content[:3]))
    with nearly_full, pytest.raises(StorageError, match="disk is full"):
        durable.append_lines(lines, ["second"])
    durable.append_lines(lines, ["third"])
    assert lines.read_text() == "first\nthird\n"


@pytest.mark.parametrize(
    ("error", "remedy"),
    [
        (errno.ENOSPC, "disk is full"),
        (errno.EDQUOT, "quota"),
        (errno.EROFS, "read-only"),
        (errno.EACCES, "permission"),
        (errno.EIO, "reports an error"),
        (errno.ENOTDIR, "Not a directory"),
    ],
)
def test_errors_name_a_remedy(error: int, remedy: str, tmp_path: Path) -> None:
    """Each system error is reported with its path and a remedy."""
    with failing_disk(1, error), pytest.raises(StorageError, match=remedy) as caught:
        durable.write_file(tmp_path / "a", NEW)
    assert str(tmp_path / "a") in str(caught.value)


def test_folder_that_cannot_be_created_is_reported(tmp_path: Path) -> None:
    """A file in place of the folder and a removed parent are reported."""
    (tmp_path / "file").write_bytes(OLD)
    with pytest.raises(StorageError):
        durable.make_folder(tmp_path / "file" / "folder")
    with pytest.raises(StorageError):
        durable.sync_folder(tmp_path / "gone")
    with pytest.raises(StorageError):
        durable.write_file(tmp_path / "gone" / "a", NEW)


def test_full_file_system(tmp_path: Path) -> None:
    """On a real file system of 1 MB, a file that does not fit leaves nothing, and freed space can be used."""
    with small_disk(tmp_path / "disk", megabytes=1) as disk:
        block = os.urandom(200_000)
        for number in range(4):
            durable.write_file(disk / str(number), block)
        for number in range(4, 10):
            with pytest.raises(StorageError, match="disk is full"):
                durable.write_file(disk / str(number), block * 2)
        assert [(disk / name).read_bytes() for name in left_in(disk)] == [block] * 4
        enlarge(disk, megabytes=3)
        durable.write_file(disk / "more", block)
        assert (disk / "more").read_bytes() == block


def test_read_only_file_system(tmp_path: Path) -> None:
    """A write to a real read-only file system raises an error that says so."""
    refused = pytest.raises(StorageError, match="read-only")
    with small_disk(tmp_path / "disk", megabytes=1, options="ro") as disk, refused:
        durable.write_file(disk / "a", NEW)
