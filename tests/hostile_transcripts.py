"""What the hostile server hears: the words that a recording of `recordings` has among its samples."""

import json
import re
from typing import Any

from tests.hostile_server import Call, Reply

_WORD_S = 0.3
_SAID = re.compile(rb"<say>([\w-]+)</say>")


def heard(call: Call) -> Reply:
    """The good answer to a question to `/stt`."""
    words = said_in(call).split("-")
    text = " ".join(words).capitalize() + "."
    return hearing(text, words)


def saying(words: str) -> bytes:
    """Samples (16 bits) that say `words`, which hyphens part."""
    marked = f"<say>{words}</say>".encode()
    return marked + b" " * (len(marked) % 2)


def said_in(call: Call) -> str:
    """The words, with hyphens between them, in the file that was sent."""
    found = _SAID.search(call.body)
    return found[1].decode() if found else "nothing"


def hearing(text: str, words: list[str], word_s: float = _WORD_S, **fields: Any) -> Reply:
    """A transcription of words that are said one after the other."""
    timed = [
        {"word": word, "start": round(number * word_s, 3), "end": round((number + 1) * word_s, 3)}
        for number, word in enumerate(words)
    ]
    content = {"text": text, "language": "en", "duration": len(words) * word_s, "words": timed} | fields
    return Reply(200, [("Content-Type", "application/json"), ("X-Request-Id", "h")], json.dumps(content).encode())
