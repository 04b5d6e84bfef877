"""Recordings are inspected in a separate process, and only once unless they change."""

import os
import signal
import time
from pathlib import Path
from unittest import mock

import pytest

from tests.manifest.sources.archives import recording
from voicemill.audio.inspection import Inspector, state_of
from voicemill.audio.inspection.probe import inspect_recording
from voicemill.audio.inspection.unlistenable import Unlistenable
from voicemill.model import Inspected
from voicemill.processes.worker_process import WorkerProcess
from voicemill.store.recording_cache import RecordingCache


def aged(path: Path) -> Path:
    """A file that was not written just now."""
    os.utime(path, ns=(10**18, 10**18))
    return path


def test_worker_and_direct_inspection_agree(tmp_path: Path) -> None:
    """The worker returns the same results and errors as an inspection in this process."""
    good, bad = aged(recording(tmp_path / "a.wav")), tmp_path / "b.wav"
    bad.write_bytes(b"RIFF")
    with Inspector() as inspect:
        found, told = inspect(good), inspect_recording(good)
        assert (found.sha256, found.duration_s, found.container) == (told.sha256, told.duration_s, told.container)
        with pytest.raises(Unlistenable, match="not audio that can be decoded") as fault:
            inspect(bad)
        assert fault.value.code == "not_audio"


def test_only_regular_files_are_opened(tmp_path: Path) -> None:
    """A pipe without a writer, endless devices, a folder and links to them are refused at once, with the reason."""
    os.mkfifo(tmp_path / "pipe.wav")
    (tmp_path / "endless.wav").symlink_to("/dev/zero")
    (tmp_path / "folder.wav").mkdir()
    with Inspector() as inspect:
        for path in (tmp_path / "pipe.wav", tmp_path / "endless.wav", tmp_path / "folder.wav", Path("/dev/null")):
            with pytest.raises(Unlistenable, match="is not a file but a folder or a device") as fault:
                inspect(path)
            assert fault.value.code == "not_a_file"
        with pytest.raises(Unlistenable):
            inspect(Path("/proc/self/environ"))


def test_a_file_is_read_once(tmp_path: Path) -> None:
    """With a cache, an unchanged file is not read again, even if it is bad or by a later run; a changed one is."""
    good, bad = aged(recording(tmp_path / "a.wav")), tmp_path / "b.wav"
    bad.write_bytes(b"nothing")
    aged(bad)
    notes = tmp_path / "notes.jsonl"
    with Inspector(RecordingCache(notes)) as inspect:
        first = inspect(good)
        with pytest.raises(Unlistenable):
            inspect(bad)
    with (
        Inspector(RecordingCache(notes)) as inspect,
        mock.patch.object(WorkerProcess, "send", side_effect=AssertionError),
    ):
        assert inspect(good) == first
        with pytest.raises(Unlistenable, match="not audio"):
            inspect(bad)
    recording(good, seconds=0.5)
    with Inspector(RecordingCache(notes)) as inspect:
        assert inspect(good).duration_s == 0.5


def test_result_for_recently_written_file_is_not_cached(tmp_path: Path) -> None:
    """A file that may change again without a new modification time is inspected again."""
    path = recording(tmp_path / "a.wav")
    soon_ns = time.time_ns() + 3600 * 10**9
    os.utime(path, ns=(soon_ns, soon_ns))
    notes = RecordingCache(tmp_path / "notes.jsonl")
    with Inspector(notes) as inspect:
        inspect(path)
    assert notes.find(str(path), state_of(path)) is None


def test_crash_affects_one_file(tmp_path: Path) -> None:
    """If the worker dies on a file, that file is reported and not cached, and the next one is inspected."""
    paths = [aged(recording(tmp_path / name)) for name in ("a.wav", "b.wav")]
    notes = RecordingCache(tmp_path / "notes.jsonl")
    with Inspector(notes) as inspect:
        inspect(paths[0])
        ask = WorkerProcess.send

        def killed(worker: WorkerProcess, *asked: object) -> object:
            os.kill(worker.pid or 0, signal.SIGKILL)
            os.waitid(os.P_PID, worker.pid or 0, os.WEXITED | os.WNOWAIT)
            with mock.patch.object(worker, "_connect", return_value=worker._socket):
                yield from ask(worker, *asked)  # type: ignore[arg-type]

        with mock.patch.object(WorkerProcess, "send", killed), pytest.raises(Unlistenable, match="crashes") as fault:
            inspect(paths[1])
        assert fault.value.code == "breaks_decoder"
        assert notes.find(str(paths[1]), state_of(paths[1])) is None
        assert inspect(paths[1]).duration_s == 0.25


def test_hang_affects_one_file(tmp_path: Path) -> None:
    """A worker that makes no progress is ended, the file is reported, and the next file is inspected."""
    paths = [recording(tmp_path / name) for name in ("a.wav", "b.wav", "c.wav")]
    with Inspector() as inspect:
        inspect(paths[0])
        os.kill(inspect._worker.pid or 0, signal.SIGSTOP)
        with mock.patch.object(inspect, "_shortest_wait_s", 0.01), pytest.raises(Unlistenable, match="hangs"):
            inspect(paths[1])
        assert inspect(paths[2]).duration_s == 0.25


def test_damaged_cache_lines_are_ignored(tmp_path: Path) -> None:
    """Torn lines and lines of another version count as missing; many old lines are rewritten."""
    path = tmp_path / "notes.jsonl"
    file = aged(recording(tmp_path / "a.wav"))
    notes = RecordingCache(path)
    for number in range(1200):
        notes.keep(str(file), state_of(file), Inspected(None, "not_audio", f"is bad {number}"))
    path.write_text(path.read_text() + '{"path": 1}\n[1]\n{"pa')
    assert RecordingCache(path).find(str(file), state_of(file)) == Inspected(None, "not_audio", "is bad 1199")
    assert len(path.read_text().splitlines()) == 1
