"""One passage of a finished row is generated again; the rest of the row and the other rows stay as they are."""

import numpy as np
import pyarrow.parquet as pq
import pytest

from tests.hostile_server import Reply
from tests.hostile_speech import wav
from tests.pipeline.shard_runs import RATE_HZ, ShardRuns, spoken_row
from tests.quality.sounds import speech_like
from voicemill.config import Settings
from voicemill.errors import ConfigError
from voicemill.pipeline.check_results import check_results
from voicemill.pipeline.prepare import PlanFacts
from voicemill.pipeline.regenerate import record_regeneration
from voicemill.store.results_folder import write_json

_SENTENCES = "The first sentence is here. The second one follows it. The third one ends the text."
_SPLIT = {"max_characters_per_call": 50}
_SAID = "Quite other words are spoken now."
_ROW = spoken_row(1, _SENTENCES, check="signals")


async def _finished(runs: ShardRuns) -> None:
    await runs.run([_ROW], long_text=_SPLIT)
    settings = Settings.model_validate({"long_text": _SPLIT}).model_dump()
    write_json(runs.results.plan_facts, vars(PlanFacts("m", rows=1, service="hostile", settings=settings)))


def _texts(runs: ShardRuns) -> list[str]:
    return [call.transcript or "" for call in runs.server.calls]


def _starts(runs: ShardRuns) -> list[int]:
    """Where each passage starts in the row's file, in bytes."""
    lines = pq.read_table(runs.results.passages).to_pylist()
    return [44 + 2 * round(line["start_s"] * RATE_HZ) for line in lines]


async def test_only_the_passage_is_requested(shard_runs: ShardRuns) -> None:
    """Other words replace one passage with one call; the samples before it stay the same, and so does its text."""
    await _finished(shard_runs)
    before, calls = shard_runs.file(_ROW), len(shard_runs.server.calls)
    record_regeneration(shard_runs.results, "row1/2", _SAID)
    await shard_runs.run([_ROW], long_text=_SPLIT)
    assert _texts(shard_runs)[calls:] == [_SAID]
    lines = pq.read_table(shard_runs.results.passages).to_pylist()
    assert [line["spoken"] == _SAID for line in lines] == [False, True, False][: len(lines)]
    assert _SAID not in [line["text"] for line in lines]
    kept = round(lines[1]["start_s"] * RATE_HZ) * 2
    after = shard_runs.file(_ROW)
    assert np.array_equal(np.frombuffer(after[44:kept], np.uint8), np.frombuffer(before[44:kept], np.uint8))


async def test_later_runs_keep_the_passage(shard_runs: ShardRuns) -> None:
    """A further run makes no call and keeps the file; a further regeneration is another take."""
    await _finished(shard_runs)
    record_regeneration(shard_runs.results, "row1/1", "")
    await shard_runs.run([_ROW], long_text=_SPLIT)
    calls = len(shard_runs.server.calls)
    assert shard_runs.server.calls[-1].headers["voicemill-take"] == "1"
    await shard_runs.run([_ROW], long_text=_SPLIT)
    assert len(shard_runs.server.calls) == calls
    assert record_regeneration(shard_runs.results, "row1/1", "").take == 2


async def test_infill_fits_a_passage_between_its_neighbors(shard_runs: ShardRuns) -> None:
    """One call with the audio of both neighbors replaces the passage; a further run makes no call."""
    await _finished(shard_runs)
    before, starts_before, calls = shard_runs.file(_ROW), _starts(shard_runs), len(shard_runs.server.calls)
    entry = record_regeneration(shard_runs.results, "row1/2", "", "infill")
    samples = (speech_like(1.5, RATE_HZ) * 30_000).astype("<i2").tobytes()
    shard_runs.server.script = [Reply(200, (("Content-Type", "audio/wav"),), wav(samples, RATE_HZ))]
    (item,) = (await shard_runs.run([_ROW], long_text=_SPLIT)).items
    assert item["status"] == "done"
    (call,) = shard_runs.server.calls[calls:]
    assert call.path == "/infill/bytes"
    assert (call.body.count(b"RIFF"), b"The second one follows it." in call.body) == (2, True)
    after, starts = shard_runs.file(_ROW), _starts(shard_runs)
    assert starts[1] == starts_before[1]
    assert after[44 : starts[1]] == before[44 : starts[1]]
    assert after[starts[2] :] == before[starts_before[2] :]
    assert record_regeneration(shard_runs.results, "row1/2", "", "infill").take == entry.take + 1
    assert [passage.verdict.state for passage in check_results(shard_runs.results, "signals")] == ["ok"] * 3


async def test_a_recorded_passage_is_not_recorded_twice(shard_runs: ShardRuns) -> None:
    """The same command before the call was made asks for the same take."""
    await _finished(shard_runs)
    first = record_regeneration(shard_runs.results, "row1/1", "")
    assert record_regeneration(shard_runs.results, "row1/1", "") == first


async def test_a_kill_between_the_tables_loses_no_line(shard_runs: ShardRuns, monkeypatch: pytest.MonkeyPatch) -> None:
    """A run that is killed after it published `items.parquet` leaves an old `passages.parquet`; the next writes it."""
    await _finished(shard_runs)
    record_regeneration(shard_runs.results, "row1/1", "")
    with monkeypatch.context() as patch:
        patch.setattr("tests.pipeline.shard_runs.publish_timings", _killed)
        with pytest.raises(InterruptedError):
            await shard_runs.run([_ROW], long_text=_SPLIT)
    assert pq.read_table(shard_runs.results.passages)["take"][0].as_py() == 0
    await shard_runs.run([_ROW], long_text=_SPLIT)
    assert pq.read_table(shard_runs.results.passages)["take"][0].as_py() == 1


def _killed(*_arguments: object, **_options: object) -> None:
    raise InterruptedError


async def test_a_passage_is_not_recorded_twice_before_its_run_has_ended(shard_runs: ShardRuns) -> None:
    """The same command after a kill asks for the same take, even if the kill came after the table was published."""
    await _finished(shard_runs)
    first = record_regeneration(shard_runs.results, "row1/1", "")
    await shard_runs.run([_ROW], long_text=_SPLIT)
    shard_runs.results.new_parts("killed")
    assert record_regeneration(shard_runs.results, "row1/1", "") == first
    shard_runs.results.clear_parts()
    assert record_regeneration(shard_runs.results, "row1/1", "").take == first.take + 1


@pytest.mark.parametrize("passage", ["row1", "row1/0", "row1/99", "row9/1", "row1/x"])
async def test_unknown_passages_are_reported(passage: str, shard_runs: ShardRuns) -> None:
    """A passage that does not exist is a usage error."""
    await _finished(shard_runs)
    with pytest.raises(ConfigError):
        record_regeneration(shard_runs.results, passage, "")
