"""Valid replies of the hostile server: speech-like WAV files that depend only on their transcript, and voices."""

import hashlib
import json
import random
import struct
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field, replace

import numpy as np

from tests.hostile_events import timed_speech
from tests.hostile_server import CUTS, Call, End, Reply
from tests.hostile_transcripts import transcription

CHARACTERS_PER_S = 30
SARAH = "694f9389-aac1-45b6-b726-9d9369183238"
VOICES = [
    {"id": SARAH, "name": "Sarah", "language": "en", "description": "Voice of the hostile server"},
    {"id": "00967b2f-88a6-4a31-8153-110a92134b9f", "name": "Amélie", "language": "fr", "description": ""},
    {"id": "b9de4a89-2257-424b-94c2-db18ba68c81a", "name": "Jürgen", "language": "de", "description": ""},
]
_TAGS = {"pcm_s16le": (1, 16), "pcm_f32le": (3, 32), "pcm_alaw": (6, 8), "pcm_mulaw": (7, 8)}


def samples_for(transcript: str, rate_hz: int) -> "np.ndarray[tuple[int], np.dtype[np.int16]]":
    """Audible samples that differ for every transcript and last as long as fast speech."""
    period = np.frombuffer(hashlib.sha256(transcript.encode()).digest(), np.int8).astype(np.int16) * 80
    frames = max(rate_hz // 20, len(transcript) * rate_hz // CHARACTERS_PER_S)
    return np.resize(period, frames)


def wav(samples: bytes, rate_hz: int, encoding: str = "pcm_s16le", *, claimed: int | None = None) -> bytes:
    """A mono WAV of `samples`; `claimed` replaces the true size in its header."""
    tag, bits = _TAGS[encoding]
    size = len(samples) if claimed is None else claimed
    head = struct.pack("<4sI4s4sIHHIIHH", b"RIFF", min(36 + size, 0xFFFFFFFF), b"WAVE", b"fmt ", 16,
                       tag, 1, rate_hz, rate_hz * bits // 8, bits // 8, bits)  # fmt: skip
    return head + struct.pack("<4sI", b"data", size) + samples


def speech_for(transcript: str, rate_hz: int = 44100, encoding: str = "pcm_s16le") -> bytes:
    """The only valid WAV for `transcript`."""
    samples = samples_for(transcript, rate_hz)
    if encoding == "pcm_f32le":
        return wav((samples / np.float32(32768)).astype("<f4").tobytes(), rate_hz, encoding)
    return wav(samples.astype("<i2").tobytes(), rate_hz)


def speech(call: Call) -> Reply:
    """The valid reply to a request to `/tts/bytes`."""
    output_format = call.json_body["output_format"]
    body = speech_for(call.json_body["transcript"], output_format["sample_rate"], output_format["encoding"])
    headers = (("Content-Type", "audio/wav"), ("X-Request-Id", f"request-{call.number}"))
    return Reply(200, headers, body)


def error_reply(status: int, title: str, message: str, code: str | None = None, **headers: str) -> Reply:
    """An error response in JSON, in the format of API version 2026-03-01."""
    body = {"error_code": code, "title": title, "message": message, "request_id": "refusal"}
    named = [(name.replace("_", "-"), value) for name, value in headers.items()]
    return Reply(status, [("Content-Type", "application/json"), *named], json.dumps(body).encode())


@dataclass
class Speaker:
    """A script that replies as Cartesia does, `latency_s` after the request, except for a share of faulty replies.

    Which replies are faulty depends on `seed`, the transcript and its number of requests, not on the order of arrival.
    """

    latency_s: float = 0.0
    limit: int | None = None
    fault_rate: float = 0.0
    seed: int = 0
    faults: Counter[str] = field(default_factory=Counter)
    requested: Counter[str] = field(default_factory=Counter)

    def __call__(self, call: Call) -> Reply:
        """The reply to any API request that is supported here."""
        path = call.path.partition("?")[0].rstrip("/")
        if (call.method, path) == ("POST", "/tts/sse"):
            samples = samples_for(call.transcript or "", call.json_body["output_format"]["sample_rate"])
            return replace(timed_speech(call, samples), delay_s=self.latency_s)
        if (call.method, path) == ("POST", "/stt"):
            return replace(transcription(call), delay_s=self.latency_s)
        if (call.method, path) == ("POST", "/tts/bytes"):
            return replace(self._spoken(call), delay_s=self.latency_s)
        if call.method == "GET" and path == "":
            return _json({"ok": True, "version": "2024-11-13"})
        if call.method == "GET" and path == "/voices":
            old = call.headers.get("cartesia-version") == "2024-06-10"
            return _json(VOICES if old else {"data": VOICES, "has_more": False, "next_page": None})
        found = [voice for voice in VOICES if path == f"/voices/{voice['id']}"]
        return _json(found[0]) if found else error_reply(404, "Not found", f"There is no {call.path}")

    def _spoken(self, call: Call) -> Reply:
        transcript = call.transcript or ""
        self.requested[transcript] += 1
        if self.limit is not None and call.in_flight > self.limit:
            return error_reply(429, "Too many concurrent requests", "Wait.", "concurrency_limited", Retry_After="0")
        dice = random.Random(f"{self.seed}/{self.requested[transcript]}/{transcript}")
        if dice.random() < self.fault_rate:
            name = dice.choice(sorted(FAULTS))
            self.faults[name] += 1
            return FAULTS[name](speech(call))
        return speech(call)


def _json(content: object) -> Reply:
    return Reply(200, [("Content-Type", "application/json")], json.dumps(content).encode())


def _ending(end: End) -> Callable[[Reply], Reply]:
    return lambda good: replace(good, end=end)


FAULTS: dict[str, Callable[[Reply], Reply]] = {
    "429": lambda _: error_reply(429, "Too many requests", "Wait.", "concurrency_limited", Retry_After="0"),
    "500": lambda _: error_reply(500, "Internal server error", "Try again."),
    "503": lambda _: Reply(503, (), b"upstream connect error"),
    "html": lambda _: Reply(200, [("Content-Type", "text/html")], b"<html><body>Log in to the network</body></html>"),
    "json": lambda _: error_reply(200, "Error", "An error with a good status"),
    "empty": lambda _: Reply(200),
    "silence": lambda good: replace(good, body=good.body[:44] + bytes(len(good.body) - 44)),
    "wrong_rate": lambda good: replace(good, body=wav(good.body[44:], 12000)),
    **{end.value: _ending(end) for end in (*CUTS, End.HEADERS_CUT, End.HEADERS_RESET)},
}
"""Transient faults: a retry may succeed. Each is made from the valid reply."""
