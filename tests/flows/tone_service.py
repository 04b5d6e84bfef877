"""A service that transcribes numbered tones: each tone that it finds in an upload is a word."""

import io
import json
import re
from typing import Any, Final

from tests.audio.numbered_seconds import HEARD_RATE_HZ, Second, found_seconds
from tests.audio.odd_recordings import SHORT_TONE_S
from tests.hostile_server import Call, Reply
from voicemill.audio.decode import decode_all

_BOUNDARY: Final = re.compile(rb"boundary=([^\s;]+)")
_FILE: Final = b'name="file"'


def tones_as_words(call: Call) -> Reply:
    """The valid reply to a request to `/stt`: `t7` for the tone with number 7."""
    samples = decode_all(io.BytesIO(_uploaded_file(call)), HEARD_RATE_HZ)
    seconds = found_seconds(samples, SHORT_TONE_S)
    text, words = " ".join(map(_name, seconds)), [_word(second) for second in seconds]
    duration_s = samples.size / HEARD_RATE_HZ
    content = {"text": text, "language": "en", "duration": duration_s, "words": words}
    return Reply(200, [("Content-Type", "application/json"), ("X-Request-Id", "h")], json.dumps(content).encode())


def _name(second: Second) -> str:
    return f"t{second.number}"


def _word(second: Second) -> dict[str, Any]:
    start_s = second.middle_s - second.length_s / 2
    return {
        "word": _name(second),
        "start": round(max(0.0, start_s), 3),
        "end": round(start_s + second.length_s, 3),
    }


def _uploaded_file(call: Call) -> bytes:
    found = _BOUNDARY.search(call.headers["content-type"].encode())
    assert found
    parts = call.body.split(b"--" + found[1])
    part = next(part for part in parts if _FILE in part.partition(b"\r\n\r\n")[0])
    return part.partition(b"\r\n\r\n")[2].removesuffix(b"\r\n")
