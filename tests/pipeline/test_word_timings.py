"""Speech with word timestamps: streamed, verified like any answer, and timed in the joined file."""

from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest

from tests.hostile_events import chunk, events, timestamps
from tests.hostile_server import Reply
from tests.hostile_speech import Speaker, samples_for
from tests.pipeline.shard_runs import RATE_HZ, ShardRuns, spoken_row
from voicemill.audio.wav_header import probe_wav
from voicemill.model import Row, Status

TEXT = "One two three."


def row(text: str = TEXT, **fields: Any) -> Row:
    """A row with word timestamps."""
    return spoken_row(1, text, timestamps=True, **fields)


def answering(shard_runs: ShardRuns, *replies: Reply) -> None:
    """Make the server return these replies one after the other; the last one repeats."""
    left = list(replies)
    speaker = Speaker()
    shard_runs.server.script = lambda call: (
        (left.pop(0) if len(left) > 1 else left[0]) if call.path == "/tts/sse" else speaker(call)
    )


def pcm(text: str = TEXT) -> bytes:
    """Valid audio of a text."""
    return samples_for(text, RATE_HZ).astype("<i2").tobytes()


async def test_speech_has_word_timestamps(shard_runs: ShardRuns) -> None:
    """One streamed call gives a complete WAV, and the answer's receipt has the words."""
    worked = await shard_runs.run([row()])
    [item] = worked.items
    assert (item["status"], item["words"], item["suspect"]) == (Status.DONE, 3, [])
    assert [call.path for call in shard_runs.server.calls] == ["/tts/sse"]
    assert shard_runs.server.calls[0].json_body["add_timestamps"] is True
    info = probe_wav((shard_runs.results.path / item["file_name"]).read_bytes())
    assert info.sized
    assert info.frames == len(samples_for(TEXT, RATE_HZ))


@pytest.mark.parametrize(
    "bad",
    [
        events(chunk(pcm()), timestamps(["One", "two", "three."], 0.1), done=False),
        events(chunk(pcm()), timestamps(["One", "two", "three."], 10.0)),
        events(chunk(pcm()), timestamps(["One"], 0.1, from_s=-5.0)),
        events(chunk(pcm()[:-1]), timestamps(["One"], 0.1)),
        events(timestamps(["One", "two", "three."], 0.1)),
        events(chunk(bytes(len(pcm()))), timestamps(["One", "two", "three."], 0.1)),
        events(chunk(pcm()), {"type": "timestamps", "word_timestamps": {"words": ["a"], "start": [], "end": [1.0]}}),
        events({"type": "error", "status_code": 500, "error": "Sorry"}),
    ],
    ids=[
        "no end",
        "beyond the end",
        "before the beginning",
        "half a sample",
        "no audio",
        "silence",
        "no times",
        "error",
    ],
)
async def test_invalid_streams_are_retried(shard_runs: ShardRuns, bad: Reply) -> None:
    """A stream that is cut, or has words outside its audio, is retried."""
    good = events(chunk(pcm()), timestamps(["One", "two", "three."], 0.1))
    answering(shard_runs, bad, good)
    worked = await shard_runs.run([row()])
    [item] = worked.items
    assert (item["status"], item["attempts"], item["words"]) == (Status.DONE, 2, 3)


async def test_speech_without_timestamps_is_kept(shard_runs: ShardRuns) -> None:
    """If the service returns no timestamps, the paid audio is kept: the row is flagged and done."""
    answering(shard_runs, events(chunk(pcm())))
    worked = await shard_runs.run([row()])
    [item] = worked.items
    assert (item["status"], item["words"], item["suspect"]) == (Status.DONE, 0, ["untimed"])
    assert len(shard_runs.server.calls) == 1


async def test_words_have_their_times_in_the_joined_file(shard_runs: ShardRuns) -> None:
    """Word times are correct in the joined file, although silence was trimmed and inserted."""
    texts = ["Alpha beta.", "Gamma delta.", "Epsilon zeta."]
    answering(shard_runs, *(events(chunk(_marked(text)), *_words_of(text)) for text in texts))
    of = row("\n\n".join(texts), text_formats=("srt",))
    worked = await shard_runs.run([of], pace={"max_concurrency": 1}, long_text={"paragraph_pause_s": 0.6})
    [item] = worked.items
    body = (shard_runs.results.path / item["file_name"]).read_bytes()
    samples = np.frombuffer(body, "<i2", offset=probe_wav(body).start)
    for line in pq.read_table(shard_runs.results.words).to_pylist():
        around = np.abs(samples[int((line["start_s"] + 0.01) * RATE_HZ) : int((line["end_s"] - 0.01) * RATE_HZ)])
        assert around.min() > 1000, line["word"]
        assert abs(samples[max(0, int((line["start_s"] - 0.02) * RATE_HZ))]) < 1000 or line["start_s"] < 0.02
    assert [made["file_name"] for made in item["more_files"]] == ["text/row1.srt"]


_SILENCE_S, _WORD_S = 0.3, 0.2


def _marked(text: str) -> bytes:
    """Audio that is loud at each word and silent elsewhere, as the ground truth for word times."""
    silence = np.zeros(int(_SILENCE_S * RATE_HZ), np.int16)
    loud = np.resize(np.array([8000, -8000], np.int16), int(_WORD_S * RATE_HZ))
    return np.concatenate([silence, *(part for _ in text.split() for part in (loud, silence))]).astype("<i2").tobytes()


def _words_of(text: str) -> list[dict[str, Any]]:
    step_s = _SILENCE_S + _WORD_S
    return [
        timestamps([word], _WORD_S, from_s=_SILENCE_S + number * step_s) for number, word in enumerate(text.split())
    ]


async def test_timestamps_are_requested_only_if_needed(shard_runs: ShardRuns) -> None:
    """Speech without timestamps uses the plain endpoint, also with a text file."""
    worked = await shard_runs.run([spoken_row(1, TEXT, text_formats=("txt",))])
    [item] = worked.items
    assert [call.path for call in shard_runs.server.calls] == ["/tts/bytes"]
    assert item["words"] is None
    assert (shard_runs.results.path / "text/row1.txt").read_text() == f"{TEXT}\n"
