"""`check = transcribed`: generated audio is transcribed by an ordinary call and compared with its text."""

from contextlib import nullcontext
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from tests.hostile_server import Call, HostileServer, Reply
from tests.hostile_speech import error_reply, wav
from tests.hostile_transcripts import transcription_of
from tests.pipeline.shard_runs import RATE_HZ, ShardRuns, spoken_row
from tests.quality.sounds import speech_like
from voicemill.model import Row

_TEXT = "This is a passage of forty-odd characters."
_OTHER = "The kettle whistled through an empty kitchen."


def _row(**fields: Any) -> Row:
    return spoken_row(1, _TEXT, check="transcribed", **fields)


class _Service:
    """Says `_OTHER` in the takes before `good_take`, and transcribes what it says. `received` lists the requests."""

    def __init__(self, server: HostileServer, good_take: int = 0, refusal: Reply | None = None) -> None:
        self.received: list[str] = []
        self._good_take, self._refusal = good_take, refusal
        self._said: list[str] = []
        server.script = self

    def __call__(self, call: Call) -> Reply:
        if call.path.startswith("/stt"):
            self.received.append("stt")
            text = self._said[-1]
            return self._refusal or transcription_of(text, text.split())
        take = int(call.headers.get("voicemill-take", 0))
        self.received.append(f"tts {take}")
        self._said.append(_TEXT if take >= self._good_take else _OTHER)
        samples = (speech_like(2.0, RATE_HZ) * (32767 - 999 * take)).astype("<i2").tobytes()
        return Reply(200, (("Content-Type", "audio/wav"), ("X-Request-Id", "r")), wav(samples, RATE_HZ))


async def test_other_words_are_generated_again(shard_runs: ShardRuns) -> None:
    """The first take says other words: it is transcribed, found bad and replaced by the second one."""
    service = _Service(shard_runs.server, good_take=1)
    row = _row(max_takes=3)
    (item,) = (await shard_runs.run([row])).items
    assert service.received == ["tts 0", "stt", "tts 1", "stt"]
    assert (item["verdict"], item["calls"], item["suspect"]) == ("ok", 4, [])
    assert item["credits"] == pytest.approx(2 * (len(_TEXT) + 2.0 / 2))


async def test_no_call_is_repeated(shard_runs: ShardRuns) -> None:
    """A run that the budget stops before a call resumes with that call; the last run makes no call."""
    service = _Service(shard_runs.server, good_take=1)
    row = _row(max_takes=2)
    for calls in (1, 3, 4):
        await shard_runs.run([row], budget={"max_calls": calls})
    (item,) = (await shard_runs.run([row])).items
    assert service.received == ["tts 0", "stt", "tts 1", "stt"]
    assert (item["status"], item["verdict"]) == ("done", "ok")


async def test_local_transcriptions_are_not_budgeted(shard_runs: ShardRuns, monkeypatch: pytest.MonkeyPatch) -> None:
    """With `check_with = local`, the budget counts the generation only."""
    service = _Service(shard_runs.server)
    monkeypatch.setattr("voicemill.pipeline.jobs.open_recognizer", lambda _settings, run: nullcontext(run))
    (item,) = (await shard_runs.run([_row()], checks={"recognizer": "local"}, budget={"max_calls": 1})).items
    assert service.received == ["tts 0", "stt"]
    assert (item["status"], item["verdict"]) == ("done", "ok")


async def test_a_bad_passage_names_the_words(shard_runs: ShardRuns) -> None:
    """The passage table has the reason, the place and the recognized words."""
    _Service(shard_runs.server, good_take=9)
    (item,) = (await shard_runs.run([_row()])).items
    assert (item["verdict"], item["suspect"]) == ("bad", ["other_words"])
    (line,) = pq.read_table(shard_runs.results.passages).to_pylist()
    assert line["why"][0]["detail"].startswith("recognized: the kettle whistled")


async def test_bad_signals_cost_no_transcription(shard_runs: ShardRuns) -> None:
    """Audio with a long silence is bad already; it is not transcribed."""
    gap = bytes(4 * RATE_HZ * 2)
    speech = (speech_like(2.0, RATE_HZ) * 32767).astype("<i2").tobytes()
    reply = Reply(200, (("Content-Type", "audio/wav"), ("X-Request-Id", "r")), wav(speech + gap + speech, RATE_HZ))
    shard_runs.server.script = lambda _call: reply
    (item,) = (await shard_runs.run([_row()])).items
    assert (item["verdict"], item["calls"], len(shard_runs.server.calls)) == ("bad", 1, 1)


async def test_a_refused_transcription_is_inconclusive(shard_runs: ShardRuns) -> None:
    """If the service refuses to transcribe, the row is done and its verdict says that it is not known."""
    refusal = error_reply(400, "Bad request", "The language is not supported.")
    _Service(shard_runs.server, refusal=refusal)
    (item,) = (await shard_runs.run([_row()])).items
    assert (item["status"], item["verdict"]) == ("done", "inconclusive")


async def test_allowed_words_change_the_verdict(shard_runs: ShardRuns) -> None:
    """A list that allows all words makes the passage good, without another call."""
    service = _Service(shard_runs.server, good_take=9)
    await shard_runs.run([_row()])
    row = _row(allowed_words=tuple(sorted({"this", "is", "a", "passage", "of", "forty", "odd", "characters"})))
    (item,) = (await shard_runs.run([row])).items
    assert (item["verdict"], service.received) == ("ok", ["tts 0", "stt"])


async def test_no_upload_is_left_behind(shard_runs: ShardRuns, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The temporary files of uploads are removed."""
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "temporary"))
    (tmp_path / "temporary").mkdir()
    _Service(shard_runs.server)
    (item,) = (await shard_runs.run([_row()])).items
    assert (item["verdict"], [*(tmp_path / "temporary").iterdir()]) == ("ok", [])
