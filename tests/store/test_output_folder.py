"""Output files: complete, at their path, and never written over or through foreign files."""

import errno
import hashlib
import os
import resource
import threading
from collections.abc import Callable
from pathlib import Path
from unittest import mock

import pytest

from tests.store.failing_disk import failing_disk, recorded_disk
from voicemill.errors import StorageError
from voicemill.store import durable_files as durable
from voicemill.store.output_folder import Delivered, OutputFolder, OutputRefused, WholeFile

NAME = "audio/part 1/a.wav"
OURS, NEXT, THEIRS = b"what was made " * 100, b"what is made next " * 200, b"somebody's only copy"


@pytest.fixture
def results(tmp_path: Path) -> Path:
    """A results folder like that of a run."""
    (tmp_path / "results" / ".voicemill").mkdir(parents=True)
    return tmp_path / "results"


def opened(results: Path) -> OutputFolder:
    """The output folder, opened as by a new run."""
    return OutputFolder(results, results / ".voicemill" / "written.log")


def streamed(outputs: OutputFolder, name: str, content: bytes) -> Delivered:
    """Deliver block by block."""
    with outputs.new(name) as (file, partial):
        file.write(content[:7])
        file.write(content[7:])
        file.flush()
        return outputs.deliver(partial, name)


def at_once(outputs: OutputFolder, name: str, content: bytes) -> Delivered:
    """Deliver all bytes at once."""
    return outputs.deliver_bytes(name, content)


Way = Callable[[OutputFolder, str, bytes], Delivered]
both_ways = pytest.mark.parametrize("deliver", [at_once, streamed])


def everything_in(folder: Path) -> set[str]:
    """All files and links below a folder, except those of the run itself."""
    found = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_symlink() or path.is_file()}
    return {name for name in found if not name.startswith(".voicemill/")}


def facts(path: Path) -> tuple[int, int, int]:
    """What changes if a file is written again; reading it only changes the time of the last access."""
    found = path.stat()
    return found.st_ino, found.st_mtime_ns, found.st_ctime_ns


@both_ways
def test_file_is_delivered(results: Path, deliver: Way) -> None:
    """The returned digest and size are those of the file, and there is no other file."""
    outputs = opened(results)
    assert outputs.size_of(NAME) is None
    delivered = deliver(outputs, NAME, OURS)
    assert delivered == Delivered(hashlib.sha256(OURS).hexdigest(), len(OURS))
    assert (results / NAME).read_bytes() == OURS
    assert outputs.size_of(NAME) == len(OURS)
    assert everything_in(results) == {NAME}


@both_ways
def test_own_file_is_replaced_by_a_later_run(results: Path, deliver: Way) -> None:
    """A changed row replaces its file, in the same run and in a later one."""
    deliver(opened(results), NAME, OURS)
    later = opened(results)
    for content in (NEXT, OURS, NEXT):
        deliver(later, NAME, content)
        assert (results / NAME).read_bytes() == content
    assert everything_in(results) == {NAME}


@both_ways
def test_equal_file_is_not_changed(results: Path, deliver: Way) -> None:
    """Delivering again changes neither the file's time and inode nor the record of written files."""
    deliver(opened(results), NAME, OURS)
    before, notes = facts(results / NAME), (results / ".voicemill" / "written.log").read_bytes()
    deliver(opened(results), NAME, OURS)
    assert facts(results / NAME) == before
    assert (results / ".voicemill" / "written.log").read_bytes() == notes
    assert everything_in(results) == {NAME}


@both_ways
def test_foreign_file_is_never_overwritten(results: Path, deliver: Way) -> None:
    """A file that voicemill did not write is kept, and the row gets the reason."""
    (results / NAME).parent.mkdir(parents=True)
    (results / NAME).write_bytes(THEIRS)
    with pytest.raises(OutputRefused, match="not written by voicemill") as caught:
        deliver(opened(results), NAME, OURS)
    assert caught.value.code == "output_exists"
    assert (results / NAME).read_bytes() == THEIRS
    assert everything_in(results) == {NAME}


@both_ways
def test_edited_file_is_not_overwritten(results: Path, deliver: Way) -> None:
    """A delivered file that somebody edited counts as foreign."""
    deliver(opened(results), NAME, OURS)
    (results / NAME).write_bytes(THEIRS)
    with pytest.raises(OutputRefused):
        deliver(opened(results), NAME, NEXT)
    assert (results / NAME).read_bytes() == THEIRS


@both_ways
def test_own_file_under_another_name_is_not_overwritten(results: Path, deliver: Way) -> None:
    """A delivered file that was moved to another name counts as foreign there."""
    deliver(opened(results), NAME, OURS)
    (results / "audio/other.wav").write_bytes(OURS)
    with pytest.raises(OutputRefused):
        deliver(opened(results), "audio/other.wav", NEXT)


@both_ways
@pytest.mark.parametrize("what", ["file", "gone", "folder"])
def test_link_at_the_path_is_not_followed(results: Path, tmp_path: Path, deliver: Way, what: str) -> None:
    """A link at the path and its target are kept, even if the target has equal content."""
    outside = tmp_path / "outside"
    outside.mkdir()
    target = {"file": outside / "file", "gone": outside / "gone", "folder": outside}[what]
    (outside / "file").write_bytes(OURS)
    (results / NAME).parent.mkdir(parents=True)
    (results / NAME).symlink_to(target)
    with pytest.raises(OutputRefused):
        deliver(opened(results), NAME, OURS)
    assert (results / NAME).readlink() == target
    assert everything_in(outside) == {"file"}
    assert opened(results).size_of(NAME) is None


@both_ways
def test_folder_or_pipe_at_the_path_is_kept(results: Path, deliver: Way) -> None:
    """A folder or a pipe at the path is not opened, written or replaced."""
    (results / NAME).mkdir(parents=True)
    os.mkfifo(results / "audio/pipe.wav")
    for name in (NAME, "audio/pipe.wav"):
        with pytest.raises(OutputRefused):
            deliver(opened(results), name, OURS)
        assert opened(results).size_of(name) is None
    assert (results / NAME).is_dir()


@both_ways
@pytest.mark.parametrize("step", ["audio", "audio/part 1"])
@pytest.mark.parametrize("kind", ["link to a folder", "link to nothing", "file"])
def test_nothing_is_written_through_a_link(results: Path, tmp_path: Path, deliver: Way, step: str, kind: str) -> None:
    """A link or a file in place of a parent folder is refused, and its target stays empty."""
    outside = tmp_path / "outside"
    if kind != "link to nothing":
        outside.mkdir()
    (results / step).parent.mkdir(parents=True, exist_ok=True)
    if kind == "file":
        (results / step).write_bytes(THEIRS)
    else:
        (results / step).symlink_to(outside)
    with pytest.raises(OutputRefused, match="must be a folder") as caught:
        deliver(opened(results), NAME, OURS)
    assert caught.value.code == "output_exists"
    assert not outside.exists() or not list(outside.iterdir())


@both_ways
@pytest.mark.parametrize("name", ["/etc/voicemill.wav", "audio/../../out.wav", "../out.wav", "audio/../b.wav"])
def test_path_outside_the_folder_is_refused(results: Path, deliver: Way, name: str) -> None:
    """A path outside the folder is refused, even if the manifest check missed it."""
    with pytest.raises(StorageError, match="outside"):
        deliver(opened(results), name, OURS)
    assert everything_in(results.parent) == set()


@both_ways
def test_user_file_named_like_a_partial_file_is_kept(results: Path, deliver: Way) -> None:
    """A user's `a.wav.partial` next to `a.wav` is kept."""
    theirs = results / f"{NAME}{durable.PARTIAL_SUFFIX}"
    theirs.parent.mkdir(parents=True)
    theirs.write_bytes(THEIRS)
    deliver(opened(results), NAME, OURS)
    assert theirs.read_bytes() == THEIRS
    assert (results / NAME).read_bytes() == OURS


@both_ways
@pytest.mark.parametrize("error", [errno.ENOSPC, errno.EIO, errno.EROFS])
def test_failing_disk_leaves_no_torn_file(results: Path, deliver: Way, error: int) -> None:
    """If any system call fails, the old or the new file exists, no partial one, and a rerun succeeds."""
    deliver(opened(results), NAME, OURS)
    for nth in range(1, 20):
        with failing_disk(nth, error) as made:
            try:
                deliver(opened(results), NAME, NEXT)
            except StorageError:
                assert len(made) == nth
        assert (results / NAME).read_bytes() in (OURS, NEXT)
        assert everything_in(results) == {NAME}
        deliver(opened(results), NAME, OURS)
    assert len(made) < 19


def test_unreadable_file_is_a_storage_error(results: Path) -> None:
    """Read errors of the disk are raised as `StorageError`."""
    (results / NAME).parent.mkdir(parents=True)
    (results / NAME).write_bytes(THEIRS)
    denied = mock.patch.object(os, "lstat", side_effect=PermissionError(errno.EACCES, "denied"))
    with denied, pytest.raises(StorageError, match="permission"):
        opened(results).deliver_bytes(NAME, OURS)


def test_abandoned_file_is_removed(results: Path) -> None:
    """An error during the creation of a file removes its partial content."""
    refused = pytest.raises(OutputRefused)
    with refused, opened(results).new(NAME) as (file, _):
        file.write(OURS)
        raise OutputRefused("too long", "output_too_long")
    assert everything_in(results) == set()


def test_rename_after_a_sync_needs_another_sync(results: Path) -> None:
    """A file started before another row's sync and renamed after it is made durable by its own sync."""
    outputs = opened(results)
    synced: list[Path] = []
    with mock.patch.object(durable, "sync_folder", synced.append):
        with outputs.new("audio/late.wav") as (file, partial):
            outputs.deliver_bytes("audio/early.wav", OURS)
            outputs.sync()
            synced.clear()
            file.write(OURS)
            file.flush()
            outputs.deliver(partial, "audio/late.wav")
        outputs.sync()
    assert results / "audio" in synced


@both_ways
def test_file_is_durably_recorded_before_its_rename(results: Path, deliver: Way) -> None:
    """After a power cut the next run recognizes the file as its own; the record's name is synced only once."""
    outputs = opened(results)
    with recorded_disk() as done:
        deliver(outputs, NAME, OURS)
        deliver(outputs, "audio/part 1/b.wav", OURS)
    renames = [place for place, what in enumerate(done) if what == "rename"]
    assert [what for what in done[: renames[0]] if what.startswith("fsync")][-3:-1] == ["fsync file", "fsync folder"]
    assert [what for what in done[renames[0] : renames[1]] if what.startswith("fsync")] == ["fsync file"] * 2


@both_ways
def test_names_are_made_durable_together(results: Path, deliver: Way) -> None:
    """A single sync per folder makes all its new names durable."""
    outputs = opened(results)
    for number in range(10):
        deliver(outputs, f"audio/{number % 2}/{number}.wav", OURS)
    synced: list[Path] = []
    with mock.patch.object(durable, "sync_folder", synced.append):
        outputs.sync()
        outputs.sync()
    assert sorted(synced) == [results / "audio/0", results / "audio/1"]


def test_concurrent_threads_deliver_files(results: Path) -> None:
    """Files of sixteen threads in shared folders are complete and recorded, and a later run can replace them."""
    outputs = opened(results)
    errors: list[Exception] = []

    def work(thread: int) -> None:
        try:
            for number in range(20):
                deliver = (at_once, streamed)[number % 2]
                deliver(outputs, f"audio/{number % 3}/{thread}-{number}.wav", f"{thread}-{number}".encode() * 99)
        except Exception as error:
            errors.append(error)

    threads = [threading.Thread(target=work, args=(thread,)) for thread in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    assert len(everything_in(results)) == 320
    later = opened(results)
    for name in everything_in(results):
        assert (results / name).read_bytes() == Path(name).stem.encode() * 99
        later.deliver_bytes(name, NEXT)


def test_files_are_private(results: Path) -> None:
    """Only the owner can read delivered files."""
    opened(results).deliver_bytes(NAME, OURS)
    assert (results / NAME).stat().st_mode & 0o077 == 0
    assert (results / NAME).parent.stat().st_mode & 0o077 == 0


def test_files_are_delivered_in_a_batch(results: Path) -> None:
    """Each file of a batch is written, already present or refused as it would be alone, and no partial file remains."""
    outputs = opened(results)
    outputs.deliver_bytes("audio/same.wav", OURS)
    (results / "audio" / "theirs.wav").write_bytes(THEIRS)
    names = ("audio/new.wav", "audio/theirs.wav", "audio/same.wav", "text/new.wav")
    found = outputs.deliver_all([WholeFile(name, OURS, hashlib.sha256(OURS).hexdigest()) for name in names])
    assert [isinstance(outcome, Delivered) for outcome in found] == [True, False, True, True]
    assert everything_in(results) == set(names)
    assert (results / "audio" / "theirs.wav").read_bytes() == THEIRS


def test_large_batch_needs_few_descriptors(results: Path) -> None:
    """A batch of any size opens at most a hundred files, of the thousand that a process may often open."""
    files = [WholeFile(f"audio/{number}.wav", OURS, hashlib.sha256(OURS).hexdigest()) for number in range(300)]
    limits = resource.getrlimit(resource.RLIMIT_NOFILE)
    taken = max(int(path.name) for path in Path("/proc/self/fd").iterdir())
    resource.setrlimit(resource.RLIMIT_NOFILE, (taken + 100, limits[1]))
    try:
        opened(results).deliver_all(files)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, limits)
    assert everything_in(results) == {file.name for file in files}
    assert {(results / file.name).read_bytes() for file in files} == {OURS}


@pytest.mark.parametrize("error", [errno.ENOSPC, errno.EIO])
def test_disk_that_fails_within_a_batch(results: Path, error: int) -> None:
    """If any system call fails, no partial or torn file is left, and the next attempt delivers all files."""
    digest = hashlib.sha256(OURS).hexdigest()
    for nth in range(1, 16):
        files = [WholeFile(f"audio/{nth}/{number}.wav", OURS, digest) for number in range(3)]
        with failing_disk(nth, error, ("writev", "write", "fsync", "replace")) as made:
            try:
                opened(results).deliver_all(files)
            except StorageError:
                assert len(made) >= nth
        left = everything_in(results / "audio" / str(nth))
        assert left <= {f"{number}.wav" for number in range(3)}
        assert all((results / "audio" / str(nth) / name).read_bytes() == OURS for name in left)
        assert len(opened(results).deliver_all(files)) == 3
    assert len(made) < nth
