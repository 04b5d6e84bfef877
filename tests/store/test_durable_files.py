"""Durable files: the order of a write, and what is left when any step of it fails."""

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
    """The fault points that are passed in a test."""
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


def test_a_file_is_written_in_the_order_that_a_power_cut_needs(tmp_path: Path, passed: list[str]) -> None:
    """Content, fsync, rename, fsync of the folder: never another way round, each step told to the fault hook."""
    with recorded_disk() as done:
        durable.write_file(tmp_path / "a", NEW)
    assert done == ["write", "fsync file", "rename", "fsync folder"]
    assert passed == ["before fsync", "before rename", "after rename", "after folder fsync"]


def test_many_names_can_share_one_sync(tmp_path: Path, passed: list[str]) -> None:
    """Without `sync_name` the folder is left to the caller, and only the folder."""
    partial = durable.write_partial(tmp_path / "a", (NEW,))
    with recorded_disk() as done:
        durable.commit(partial, tmp_path / "a", sync_name=False)
    assert done == ["fsync file", "rename"]
    assert passed == ["before fsync", "before rename", "after rename"]


def test_the_file_has_its_content_under_its_name_only(tmp_path: Path) -> None:
    """Chunks are joined, the old content is replaced, and no partial file is left."""
    durable.write_file(tmp_path / "a", OLD)
    durable.write_file(tmp_path / "a", b"one ", b"", b"two")
    assert (tmp_path / "a").read_bytes() == b"one two"
    assert left_in(tmp_path) == ["a"]


@pytest.mark.parametrize("error", ERRORS, ids=errno.errorcode.get)
@pytest.mark.parametrize("there", [None, OLD], ids=["new", "replaced"])
def test_a_failure_at_any_step_tears_nothing(error: int, there: bytes | None, tmp_path: Path) -> None:
    """Whichever system call fails: a `StorageError` with the remedy, the old content or the new, nothing in between."""
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
def test_a_streamed_file_fails_without_a_trace(error: int, tmp_path: Path) -> None:
    """A partial file that could not be written to its end, or not be put in place, is removed."""
    target = tmp_path / "file"
    for nth in range(1, 5):
        with failing_disk(nth, error, ("open", "fsync", "replace")), pytest.raises(StorageError):
            stream(target)
        assert left_in(tmp_path) == []
    stream(target)
    assert left_in(tmp_path) == ["file"]


def test_a_file_whose_fsync_failed_is_given_up(tmp_path: Path) -> None:
    """After EIO the kernel may call the next fsync a success: the partial file is not kept for anyone to adopt."""
    partial = durable.write_partial(tmp_path / "a", (NEW,))
    with failing_disk(1, errno.EIO, ("fsync",)) as made, pytest.raises(StorageError, match="reports an error"):
        durable.commit(partial, tmp_path / "a")
    assert made == ["fsync"]
    assert left_in(tmp_path) == []


def test_short_writes_are_completed(tmp_path: Path) -> None:
    """A disk that takes a few bytes at a time gets all of them."""
    taken: list[int] = []
    write = os.write

    def little(descriptor: int, content: bytes) -> int:
        taken.append(write(descriptor, bytes(content)[:1000]))
        return taken[-1]

    with mock.patch.multiple(os, write=little, writev=lambda descriptor, chunks: little(descriptor, chunks[0])):
        durable.write_file(tmp_path / "a", NEW, OLD)
    assert (tmp_path / "a").read_bytes() == NEW + OLD
    assert len(taken) > 20


def test_a_disk_that_lies_about_what_it_took_is_found_out(tmp_path: Path) -> None:
    """The length is checked before the name is given."""
    lying = mock.patch.object(os, "writev", lambda _descriptor, chunks: sum(map(len, chunks)))
    with lying, pytest.raises(StorageError):
        durable.write_file(tmp_path / "a", NEW)
    assert left_in(tmp_path) == []


def test_a_link_in_place_of_a_partial_file_is_not_followed(tmp_path: Path) -> None:
    """Whoever can write into the folder cannot make us write elsewhere."""
    (tmp_path / "victim").write_bytes(OLD)
    (tmp_path / f"a{durable.PARTIAL_SUFFIX}").symlink_to(tmp_path / "victim")
    with pytest.raises(StorageError):
        durable.write_file(tmp_path / "a", NEW)
    assert (tmp_path / "victim").read_bytes() == OLD


def test_nobody_else_may_read(tmp_path: Path) -> None:
    """Files are 0600 and folders 0700, whatever the umask allows."""
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


def test_the_same_bytes_are_not_written_again(tmp_path: Path) -> None:
    """A file that holds them already keeps its time, and the partial file goes."""
    durable.write_file(tmp_path / "a", OLD)
    before = (tmp_path / "a").stat()
    assert not durable.replace_if_changed(durable.write_partial(tmp_path / "a", (OLD,)), tmp_path / "a")
    assert (tmp_path / "a").stat() == before
    assert durable.replace_if_changed(durable.write_partial(tmp_path / "a", (NEW,)), tmp_path / "a")
    assert (tmp_path / "a").read_bytes() == NEW
    assert left_in(tmp_path) == ["a"]


def test_a_line_is_added_whole_or_not_at_all(tmp_path: Path) -> None:
    """A disk that takes half a line gets it back, and the next line stands by itself."""
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
def test_errors_say_what_to_do(error: int, remedy: str, tmp_path: Path) -> None:
    """Each error of the system is told with its place and its remedy, in words."""
    with failing_disk(1, error), pytest.raises(StorageError, match=remedy) as caught:
        durable.write_file(tmp_path / "a", NEW)
    assert str(tmp_path / "a") in str(caught.value)


def test_folders_that_cannot_be_made_are_told(tmp_path: Path) -> None:
    """A file in the way, and a folder that has vanished."""
    (tmp_path / "file").write_bytes(OLD)
    with pytest.raises(StorageError):
        durable.make_folder(tmp_path / "file" / "folder")
    with pytest.raises(StorageError):
        durable.sync_folder(tmp_path / "gone")
    with pytest.raises(StorageError):
        durable.write_file(tmp_path / "gone" / "a", NEW)


def test_a_disk_that_is_really_full(tmp_path: Path) -> None:
    """On a file system of 1 MB: files that fit are whole, the one that does not leaves nothing, and space is enough."""
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


def test_a_disk_that_is_really_read_only(tmp_path: Path) -> None:
    """Nothing can be written there, and it is said so."""
    refused = pytest.raises(StorageError, match="read-only")
    with small_disk(tmp_path / "disk", megabytes=1, options="ro") as disk, refused:
        durable.write_file(disk / "a", NEW)
