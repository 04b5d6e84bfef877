"""Bad passages are generated again, up to the number of takes, and the best take is kept."""

from typing import Any

import pyarrow.parquet as pq

from tests.hostile_server import Call, Reply
from tests.hostile_speech import wav
from tests.pipeline.shard_runs import RATE_HZ, ShardRuns, spoken_row
from tests.planning.rows import with_fields
from tests.quality.sounds import speech_like

_GOOD = (speech_like(2.0, RATE_HZ) * 32767).astype("<i2").tobytes()
_GAP = bytes(3 * 2 * RATE_HZ)
_BAD = _GOOD[: len(_GOOD) // 2] + _GAP + _GOOD[len(_GOOD) // 2 :]
_TEXT = "This is a passage of forty-odd characters."
_HEADERS = (("Content-Type", "audio/wav"), ("X-Request-Id", "r"))


def _take(call: Call) -> int:
    return int(dict(call.headers).get("voicemill-take", 0))


def _good_from(take: int, runs: ShardRuns) -> list[int]:
    """Script the server: speech with a gap of 3 s before `take`, then good speech. Returns the takes it receives."""
    received: list[int] = []

    def reply(call: Call) -> Reply:
        received.append(_take(call))
        return Reply(200, _HEADERS, wav(_GOOD if _take(call) >= take else _BAD, RATE_HZ))

    runs.server.script = reply
    return received


def _passages(runs: ShardRuns) -> list[dict[str, Any]]:
    return pq.read_table(runs.results.passages).to_pylist()


async def test_a_bad_passage_is_generated_again(shard_runs: ShardRuns) -> None:
    """The second take replaces a first one with a gap; both are counted, and the table says which was kept."""
    received = _good_from(1, shard_runs)
    row = spoken_row(1, _TEXT, check="signals", max_takes=3)
    (item,) = (await shard_runs.run([row])).items
    assert received == [0, 1]
    assert shard_runs.file(row).endswith(_GOOD)
    assert (item["verdict"], item["calls"], item["suspect"]) == ("ok", 2, [])
    assert [(line["passage"], line["take"], line["verdict"]) for line in _passages(shard_runs)] == [(1, 1, "ok")]


async def test_the_text_of_a_take_is_sent_unchanged(shard_runs: ShardRuns) -> None:
    """The number of the take is in a header; the body of the request stays the same."""
    _good_from(1, shard_runs)
    await shard_runs.run([spoken_row(1, _TEXT, check="signals", max_takes=2)])
    first, second = shard_runs.server.calls
    assert first.body == second.body


async def test_takes_are_not_billed_again(shard_runs: ShardRuns) -> None:
    """A run that the budget stops between two takes resumes with the next take; a third run makes no call."""
    received = _good_from(2, shard_runs)
    row = spoken_row(1, _TEXT, check="signals", max_takes=3)
    await shard_runs.run([row], budget={"max_calls": 2})
    await shard_runs.run([row])
    await shard_runs.run([row])
    assert received == [0, 1, 2]


async def test_a_passage_that_stays_bad_is_delivered_and_flagged(shard_runs: ShardRuns) -> None:
    """After the last take the row is done; its verdict and its quality flags say what is wrong."""
    received = _good_from(9, shard_runs)
    row = spoken_row(1, _TEXT, check="signals", max_takes=2)
    (item,) = (await shard_runs.run([row])).items
    assert (received, item["status"], item["verdict"], item["suspect"]) == ([0, 1], "done", "bad", ["long_silence"])
    await shard_runs.run([with_fields(row, max_takes=3)])
    assert received == [0, 1, 2]


async def test_rows_without_a_check_are_not_listed(shard_runs: ShardRuns) -> None:
    """With `check = off` there is no verdict and no table of passages."""
    _good_from(9, shard_runs)
    (item,) = (await shard_runs.run([spoken_row(1, _TEXT, max_takes=3)])).items
    assert (item["verdict"], item["suspect"], shard_runs.results.passages.exists()) == (None, [], False)
