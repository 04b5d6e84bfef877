"""Server-sent events and newline-delimited JSON, as the SDKs read them.

Source: the event shapes of `/tts/sse` and `/voice-changer/sse`. JSON is ASCII-escaped and has one `data:` line an
event: the 2.x SDKs decode every network chunk by itself and read line by line.
"""

import json
from typing import Any, Final

from voicemill.engine.refusals import Refusal
from voicemill.engine.schemas.errors import JSON_ERRORS_SINCE, error_body

SSE: Final = "text/event-stream"
NDJSON: Final = "application/x-ndjson"


def sse(event: dict[str, Any]) -> bytes:
    """One event; an error is named as such."""
    name = "event: error\n" if event.get("type") == "error" else ""
    return f"{name}data: {json.dumps(event)}\n\n".encode()


def ndjson(event: dict[str, Any]) -> bytes:
    """One line."""
    return json.dumps(event).encode() + b"\n"


def error_event(refusal: Refusal, api_version: str, request_id: str) -> dict[str, Any]:
    """The event that ends a stream which cannot go on."""
    event: dict[str, Any] = {"type": "error", "done": True, "status_code": refusal.status}
    event |= error_body(refusal, request_id)
    if api_version < JSON_ERRORS_SINCE:
        event["error"] = f"{refusal.title}: {refusal.message}"
    return event
