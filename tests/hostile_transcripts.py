"""Transcriptions by the hostile server: it returns the words that are embedded in a recording's samples."""

import json
import re
from typing import Any

from tests.hostile_server import Call, Reply

_WORD_S = 0.3
_WORDS = re.compile(rb"<say>([\w-]+)</say>")


def transcription(call: Call) -> Reply:
    """The valid reply to a request to `/stt`."""
    words = embedded_words(call).split("-")
    text = " ".join(words).capitalize() + "."
    return transcription_of(text, words)


def samples_with(words: str) -> bytes:
    """16-bit samples with `words` (separated by hyphens) embedded."""
    marked = f"<say>{words}</say>".encode()
    return marked + b" " * (len(marked) % 2)


def embedded_words(call: Call) -> str:
    """The words, separated by hyphens, that are embedded in the uploaded file."""
    found = _WORDS.search(call.body)
    return found[1].decode() if found else "nothing"


def transcription_of(text: str, words: list[str], word_s: float = _WORD_S, **fields: Any) -> Reply:
    """A transcription reply with consecutive words of `word_s` each."""
    timed = [
        {"word": word, "start": round(number * word_s, 3), "end": round((number + 1) * word_s, 3)}
        for number, word in enumerate(words)
    ]
    content = {"text": text, "language": "en", "duration": len(words) * word_s, "words": timed} | fields
    return Reply(200, [("Content-Type", "application/json"), ("X-Request-Id", "h")], json.dumps(content).encode())
