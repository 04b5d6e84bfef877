"""Rows of a run: calls, stored answers, files and outcomes."""

import itertools
from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import pytest

from tests.hostile_server import Call, End, Reply
from tests.hostile_speech import Speaker, error_reply, speech, speech_for, wav
from tests.pipeline.shard_runs import RATE_HZ, ShardRuns, spoken_row, spoken_rows
from tests.planning.rows import transcript_of, with_fields
from voicemill.audio.join import join, read_samples
from voicemill.audio.wav_header import probe_wav
from voicemill.config import LongText
from voicemill.errors import AuthRefused, ExitCode, QuotaExhausted, StorageError
from voicemill.model import Row, Status
from voicemill.model.audio_formats import AudioFormat
from voicemill.planning.row_calls import plan_row
from voicemill.store.answer_store import AnswerDamaged, AnswerStore

DONE, FAILED, REFUSED, NOT_STARTED = Status
CHAPTER = "\n\n".join(f"Paragraph {number} of this chapter." for number in range(1, 7))


def expected_file(of: Row) -> bytes:
    """The expected WAV of a row: the server's speech for its parts, joined with pauses."""
    pieces = plan_row(of, "hostile", LongText()).pieces
    if len(pieces) == 1:
        return speech_for(transcript_of(pieces[0].call), RATE_HZ)
    samples = ((read_samples(speech_for(transcript_of(piece.call), RATE_HZ))[0], piece.pause_s) for piece in pieces)
    return np.concatenate(list(join(samples, RATE_HZ))).tobytes()


def holds(file: bytes, of: Row) -> bool:
    """Whether a file has the expected samples."""
    info, expected = probe_wav(file), expected_file(of)
    start = 44 if expected.startswith(b"RIFF") else 0
    return info.sized and info.sample_rate_hz == RATE_HZ and file[info.start : info.stop] == expected[start:]


async def test_every_row_gets_its_file(shard_runs: ShardRuns) -> None:
    """Short rows and chapters are called once, delivered, and recorded with digest, duration and receipt."""
    rows = [*spoken_rows("One.", "Two.", "Three."), spoken_row(4, CHAPTER)]
    before = datetime.now(UTC)
    worked = await shard_runs.run(rows)
    assert worked.ended(DONE) == [row.id for row in rows]
    assert all(holds(shard_runs.file(row), row) for row in rows)
    assert Counter(call.transcript for call in shard_runs.server.calls).most_common(1)[0][1] == 1
    for row, item in zip(rows, worked.items, strict=True):
        file = shard_runs.file(row)
        assert (item["file_name"], item["size_bytes"]) == (row.file_name, len(file))
        assert item["duration_s"] == pytest.approx(probe_wav(file).duration_s)
        assert item["calls"] == item["attempts"] == len(item["request_ids"]) == (6 if row.id == "row4" else 1)
        assert item["credits"] == item["characters"]
        assert before <= item["started_at"] <= item["finished_at"] <= datetime.now(UTC)


async def test_rerun_makes_no_call_and_changes_nothing(shard_runs: ShardRuns) -> None:
    """A rerun makes no call and changes no byte and no file time."""
    rows = [*spoken_rows("One.", "Two."), spoken_row(3, CHAPTER)]
    first = await shard_runs.run(rows)
    files = {path: path.stat() for path in (shard_runs.results.path / "audio").rglob("*")}
    calls = len(shard_runs.server.calls)
    second = await shard_runs.run(rows)
    assert second.items == first.items
    assert second.context.stats.rows_unchanged == 3
    assert {path: path.stat() for path in (shard_runs.results.path / "audio").rglob("*")} == files
    assert len(shard_runs.server.calls) == calls


async def test_other_formats_need_no_call(shard_runs: ShardRuns) -> None:
    """MP3, raw and companded files are made from the stored answers."""
    row = spoken_row(1, CHAPTER)
    await shard_runs.run([row])
    calls = len(shard_runs.server.calls)
    formats = [
        AudioFormat("mp3", RATE_HZ, bit_rate_bps=32000),
        AudioFormat("raw", RATE_HZ, "pcm_s16le"),
        AudioFormat("wav", RATE_HZ, "pcm_mulaw"),
    ]
    variants = [
        with_fields(row, id=f"v{number}", format=wanted, file_name=f"audio/v{number}{wanted.extension}")
        for number, wanted in enumerate(formats)
    ]
    worked = await shard_runs.run(variants)
    assert worked.ended(DONE) == ["v0", "v1", "v2"]
    assert len(shard_runs.server.calls) == calls
    assert all(item["credits"] == 0 for item in worked.items)
    assert holds(wav(shard_runs.file(variants[1]), RATE_HZ), row)


async def test_changed_row_is_called_again_and_its_file_replaced(shard_runs: ShardRuns) -> None:
    """Only changed parts make calls; a changed pause makes a new file from the same answers."""
    rows = [*spoken_rows("One.", "Two."), spoken_row(3, CHAPTER)]
    await shard_runs.run(rows)
    changed = [rows[0], with_fields(rows[1], text="Two, changed."), rows[2]]
    before = len(shard_runs.server.calls)
    await shard_runs.run(changed)
    assert [call.transcript for call in shard_runs.server.calls[before:]] == ["Two, changed."]
    assert holds(shard_runs.file(changed[1]), changed[1])
    shorter = shard_runs.file(rows[2])
    await shard_runs.run(changed, long_text={"paragraph_pause_s": 0.7})
    assert len(shard_runs.file(rows[2])) > len(shorter)
    assert len(shard_runs.server.calls) == before + 1


async def test_lost_file_is_restored_without_a_call(shard_runs: ShardRuns) -> None:
    """A deleted file is made again from its stored answer."""
    rows = spoken_rows("One.", "Two.")
    await shard_runs.run(rows)
    (shard_runs.results.path / rows[0].file_name).unlink()
    await shard_runs.run(rows)
    assert holds(shard_runs.file(rows[0]), rows[0])
    assert len(shard_runs.server.calls) == 2


async def test_identical_rows_are_billed_once(shard_runs: ShardRuns) -> None:
    """A hundred rows with the same text make one call, billed to one of them, and a hundred files."""
    rows = spoken_rows(*["The same words."] * 100)
    shard_runs.server.script = Speaker(latency_s=0.05)
    worked = await shard_runs.run(rows, pace={"max_concurrency": 16})
    assert len(shard_runs.server.calls) == 1
    assert worked.ended(DONE) == [row.id for row in rows]
    assert sum(item["credits"] for item in worked.items) == len("The same words.")
    assert len({shard_runs.file(row) for row in rows}) == 1


async def test_concurrency_is_never_exceeded(shard_runs: ShardRuns) -> None:
    """With any number of rows, parts and retries, the calls in flight stay within the configured concurrency."""
    shard_runs.server.script = Speaker(latency_s=0.1, fault_rate=0.3, seed=5)
    rows = [*spoken_rows(*(f"Row {number}." for number in range(40))), spoken_row(99, CHAPTER)]
    await shard_runs.run(rows, pace={"max_concurrency": 5})
    assert 1 < max(call.in_flight for call in shard_runs.server.calls) <= 5


@pytest.mark.parametrize("seed", [1, 2, 3])
async def test_mixed_faults(shard_runs: ShardRuns, seed: int) -> None:
    """With 30 % faulty replies every row ends, done rows have the exact audio, and no answered call is repeated."""
    speaker = shard_runs.server.script = Speaker(fault_rate=0.3, seed=seed)
    rows = spoken_rows(*(f"Row number {number} of the mix." for number in range(80)))
    rows += [spoken_row(100 + number, CHAPTER.replace("chapter", f"chapter {number}")) for number in range(5)]
    worked = await shard_runs.run(rows, pace={"max_concurrency": 8})
    ended = {item["id"]: item["status"] for item in worked.items}
    assert [row.id for row in rows] == list(ended)
    assert set(ended.values()) <= {DONE, FAILED}
    assert all(holds(shard_runs.file(row), row) for row in rows if ended[row.id] == DONE)
    assert all(not (shard_runs.results.path / row.file_name).exists() for row in rows if ended[row.id] != DONE)
    calls, injected = len(shard_runs.server.calls), sum(speaker.faults.values())
    assert injected > 0.2 * calls
    assert calls - injected == worked.context.stats.calls_kept
    assert max(speaker.requested.values()) <= 6
    assert calls <= 110 * 6
    failed = worked.ended(FAILED)
    assert len(failed) <= 15
    assert all(item["error_code"] and item["error_message"] for item in worked.items if item["id"] in failed)


async def test_next_run_finishes_failed_rows(shard_runs: ShardRuns) -> None:
    """The next run finishes rows that failed and makes calls only for them."""
    rows = spoken_rows(*(f"Row {number}." for number in range(20)))
    bad = {row.speech.text for row in rows[::5]}  # four: five that fail with none left beside them are an outage
    shard_runs.server.script = lambda call: error_reply(500, "Bad", "hour") if call.transcript in bad else speech(call)
    first = await shard_runs.run(rows, pace={"attempts": 2})
    assert len(first.ended(FAILED)) == 4
    assert {item["attempts"] for item in first.items if item["status"] == FAILED} == {2}
    before = len(shard_runs.server.calls)
    shard_runs.server.script = speech
    second = await shard_runs.run(rows)
    assert second.ended(DONE) == [row.id for row in rows]
    assert len(shard_runs.server.calls) - before == 4


async def test_refused_part_stops_its_row(shard_runs: ShardRuns) -> None:
    """A chapter whose first part is refused starts no more calls; other rows continue."""
    chapter = "\n\n".join(f"Piece {number}." for number in range(60))

    def script(call: Call) -> Reply:
        if call.transcript == "Piece 0.":
            return error_reply(422, "Unprocessable", "This cannot be said", "transcript_refused")
        return replace(speech(call), delay_s=0.2)

    shard_runs.server.script = script
    rows = [spoken_row(1, chapter), spoken_row(2, "Another row.")]
    worked = await shard_runs.run(rows, pace={"max_concurrency": 4})
    assert (worked.ended(REFUSED), worked.ended(DONE)) == (["row1"], ["row2"])
    pieces = [call for call in shard_runs.server.calls if (call.transcript or "").startswith("Piece")]
    assert len(pieces) <= 8
    assert Counter(call.transcript for call in pieces)["Piece 0."] == 1
    refused = worked.items[0]
    assert (refused["error_code"], refused["attempts"]) == ("transcript_refused", 1)
    assert "This cannot be said" in refused["error_message"]


@pytest.mark.parametrize(("status", "kind"), [(401, AuthRefused), (402, QuotaExhausted)])
async def test_fatal_refusal_stops_the_run(shard_runs: ShardRuns, status: int, kind: type[Exception]) -> None:
    """After the first 401 or 402 no call starts; done rows are kept, and the rest is not started."""
    good = itertools.count(1)
    shard_runs.server.script = lambda call: (
        replace(speech(call), delay_s=0.01) if next(good) <= 10 else Reply(status, (), b"No more: sorry")
    )
    rows = spoken_rows(*(f"Row {number}." for number in range(200)))
    worked = await shard_runs.run(rows, pace={"max_concurrency": 6})
    assert len(shard_runs.server.calls) <= 10 + 6
    assert len(worked.ended(DONE)) == 10
    assert 1 <= len(worked.ended(FAILED)) <= 6
    assert len(worked.ended(NOT_STARTED)) >= 200 - 16
    assert isinstance(worked.context.fatal, kind)
    assert worked.context.fatal.exit_code is ExitCode.FATAL_API
    assert len(worked.items) == 200


async def test_damaged_answer_is_requested_again(shard_runs: ShardRuns) -> None:
    """A damaged answer is detected when its file is made, and only that call is repeated."""
    rows = [spoken_row(1, CHAPTER)]
    await shard_runs.run(rows)
    key = plan_row(rows[0], "hostile", LongText()).pieces[2].call.key
    damaged = shard_runs.answer_file(key)
    damaged.write_bytes(damaged.read_bytes()[:-3] + b"bad")
    (shard_runs.results.path / rows[0].file_name).unlink()
    before = len(shard_runs.server.calls)
    worked = await shard_runs.run(rows)
    assert worked.ended(DONE) == ["row1"]
    assert [call.transcript for call in shard_runs.server.calls[before:]] == ["Paragraph 3 of this chapter."]
    assert holds(shard_runs.file(rows[0]), rows[0])


async def test_disk_that_damages_every_answer_ends_the_run(
    shard_runs: ShardRuns, monkeypatch: pytest.MonkeyPatch
) -> None:
    """If an answer is damaged right after it was written, the run ends after one repeated call."""

    def damaged(_store: AnswerStore, key: str) -> None:
        raise AnswerDamaged(key)

    monkeypatch.setattr(AnswerStore, "read", damaged)
    encoded = AudioFormat("mp3", RATE_HZ, bit_rate_bps=32000)  # what is not encoded is handed on without being read
    worked = await shard_runs.run([spoken_row(1, "One.", format=encoded)])
    assert worked.ended(NOT_STARTED) == ["row1"]
    assert isinstance(worked.context.fatal, StorageError)
    assert len(shard_runs.server.calls) == 2


async def test_foreign_file_refuses_only_its_row(shard_runs: ShardRuns) -> None:
    """The row has the reason, and its answer is kept until the path is free."""
    rows = spoken_rows("One.", "Two.")
    (shard_runs.results.path / "audio").mkdir(parents=True)
    theirs = shard_runs.results.path / rows[0].file_name
    theirs.write_bytes(b"mine")
    worked = await shard_runs.run(rows)
    assert (worked.ended(REFUSED), worked.ended(DONE)) == (["row1"], ["row2"])
    assert worked.items[0]["error_code"] == "output_exists"
    assert theirs.read_bytes() == b"mine"
    theirs.unlink()
    assert (await shard_runs.run(rows)).ended(DONE) == ["row1", "row2"]
    assert len(shard_runs.server.calls) == 2


async def test_streamed_answer_becomes_a_file_with_its_size(shard_runs: ShardRuns) -> None:
    """A placeholder for the size in the header is replaced, because strict players refuse such files."""
    shard_runs.server.script = lambda call: Reply(
        200, (), wav(speech(call).body[44:], RATE_HZ, claimed=0xFFFFFFFF), End.CHUNKED
    )
    rows = spoken_rows("One.")
    worked = await shard_runs.run(rows)
    assert worked.ended(DONE) == ["row1"]
    assert holds(shard_runs.file(rows[0]), rows[0])
