"""Runs on a full or failing disk: no torn file, no call whose answer cannot be stored, and a successful rerun."""

import errno
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.faults.figures import SHARE
from tests.flows.disks import enlarge, small_disk
from tests.hostile_server import HostileServer
from tests.hostile_speech import Speaker, speech_for
from tests.pipeline.shard_runs import RATE_HZ, ShardRuns, spoken_row, spoken_rows
from tests.store.failing_disk import failing_disk
from voicemill.errors import ExitCode, StorageError
from voicemill.model import Status
from voicemill.model.audio_formats import AudioFormat
from voicemill.store.results_folder import ResultsFolder

FORMATS = [AudioFormat("wav", RATE_HZ, "pcm_s16le"), AudioFormat("mp3", RATE_HZ, bit_rate_bps=32000)]
SENTENCE = "This sentence takes some hundred kilobytes to be spoken, " * 7


@pytest.fixture
def on_small_disk(tmp_path: Path) -> Iterator[ShardRuns]:
    """Runs on a disk of 2 MB."""
    with small_disk(tmp_path / "disk", megabytes=2) as disk, HostileServer(Speaker()) as server:
        yield ShardRuns(server, ResultsFolder(disk / "results"))


@pytest.mark.parametrize("wanted", FORMATS, ids=lambda wanted: wanted.container)
async def test_full_disk_stops_the_run(on_small_disk: ShardRuns, tmp_path: Path, wanted: AudioFormat) -> None:
    """Calls stop at the first answer that cannot be stored; with more space the next run completes."""
    rows = [
        spoken_row(number, f"{SENTENCE}{number}.", format=wanted, file_name=f"audio/{number}{wanted.extension}")
        for number in range(30)
    ]
    with pytest.raises(StorageError, match="disk is full") as caught:
        await on_small_disk.run(rows)
    assert caught.value.exit_code is ExitCode.FATAL_STORAGE
    assert len(on_small_disk.server.calls) <= 2_000_000 // len(speech_for(rows[0].speech.text, RATE_HZ)) + 4
    enlarge(tmp_path / "disk", megabytes=40)
    again = await on_small_disk.run(rows)
    assert again.ended(Status.DONE) == [row.id for row in rows]
    assert len(on_small_disk.server.calls) <= 30 + 4
    if wanted.container == "wav":
        assert [on_small_disk.file(row) for row in rows] == [speech_for(row.speech.text, RATE_HZ) for row in rows]


@pytest.mark.parametrize("error", [errno.ENOSPC, errno.EIO])
async def test_next_run_completes_after_any_disk_error(shard_runs: ShardRuns, error: int) -> None:
    """If the n-th write, sync or rename of a run fails, no file is torn and no answer is lost."""
    rows = [*spoken_rows("One.", "Two."), spoken_row(3, "Three.\n\nFour.")]
    failures = 0
    for nth in range(1, 70, 1 if SHARE else 7):
        run = ShardRuns(shard_runs.server, ResultsFolder(shard_runs.results.path / str(nth)))
        run.results.create()
        before = len(shard_runs.server.calls)
        with failing_disk(nth, error, ("writev", "fsync", "replace")) as made:
            try:
                await run.run(rows)
            except StorageError:
                assert len(made) >= nth
        failures += len(made) >= nth
        again = await run.run(rows)
        assert again.ended(Status.DONE) == [row.id for row in rows]
        assert [run.file(row) for row in rows[:2]] == [speech_for(row.speech.text, RATE_HZ) for row in rows[:2]]
        assert len(shard_runs.server.calls) - before <= 4 + 1
        assert not list(run.results.path.rglob("*.partial"))
    assert failures > 5
