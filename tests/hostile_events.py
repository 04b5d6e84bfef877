"""Valid event streams of speech from the hostile server."""

import base64
import json
from typing import Any

import numpy as np

from tests.hostile_server import Call, Reply

HEADERS = (("Content-Type", "text/event-stream"), ("X-Request-Id", "stream"))


def timed_speech(call: Call, samples: "np.ndarray[Any, np.dtype[np.int16]]") -> Reply:
    """The valid reply to a request to `/tts/sse`: two audio chunks, timestamps of consecutive words, and `done`."""
    wanted = call.json_body["output_format"]
    if wanted["encoding"] == "pcm_f32le":
        body = (samples / np.float32(32768)).astype("<f4").tobytes()
    else:
        body = samples.astype("<i2").tobytes()
    words = call.json_body["transcript"].split()
    each_s = len(samples) / wanted["sample_rate"] / len(words)
    half = len(body) // 8 * 4
    return events(
        chunk(body[:half]),
        timestamps(words, each_s) if call.json_body.get("add_timestamps") else {},
        chunk(body[half:]),
    )


def events(*content: dict[str, Any], done: bool = True) -> Reply:
    """A stream of these events, ended by a `done` event."""
    all_of_them = [*filter(None, content), *([{"type": "done", "done": True, "status_code": 206}] if done else [])]
    body = "".join(f"data: {json.dumps(event | {'context_id': 'stream'})}\n\n" for event in all_of_them)
    return Reply(200, HEADERS, body.encode())


def chunk(body: bytes) -> dict[str, Any]:
    """A chunk of audio."""
    return {"type": "chunk", "data": base64.b64encode(body).decode(), "done": False, "status_code": 206}


def timestamps(words: list[str], each_s: float, from_s: float = 0.0) -> dict[str, Any]:
    """Timestamps of consecutive words of `each_s` each."""
    starts = [from_s + number * each_s for number in range(len(words))]
    times = {"words": words, "start": starts, "end": [start + each_s for start in starts]}
    return {"type": "timestamps", "word_timestamps": times, "done": False, "status_code": 206}
