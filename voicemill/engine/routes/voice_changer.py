"""`POST /voice-changer/bytes` and `/voice-changer/sse`."""

from base64 import b64encode
from dataclasses import asdict
from typing import Any, Final

from fastapi import APIRouter, Request
from starlette.responses import Response

from voicemill.engine.engine import Engine
from voicemill.engine.routes.audio_forms import FORMAT_FIELDS, form_format, form_voice
from voicemill.engine.routes.documentation import AUDIO, answered_with, documented_form
from voicemill.engine.routes.requests import KeyedEngine, await_worker
from voicemill.engine.routes.streams import event_stream
from voicemill.engine.routes.tts import CONTENT_TYPES
from voicemill.engine.routes.uploads import Form, uploaded
from voicemill.engine.schemas.events import NDJSON, SSE, ndjson, sse
from voicemill.processes.frames import Frame

router = APIRouter()

FORM: Final = {"clip": "file!", "voice[id]": "text!"} | FORMAT_FIELDS


@router.post(
    "/voice-changer/bytes", response_class=Response, openapi_extra=documented_form(**FORM) | answered_with(*AUDIO)
)
async def voice_changer_bytes(request: Request, engine: KeyedEngine) -> Response:
    """Convert the clip to another voice; words, intonation and timing stay the same."""
    async with uploaded(request, engine.settings.max_upload_bytes) as form:
        job = _job(form, engine)
        with engine.admission.admitted("tts"):
            frame = await await_worker(request, engine, job | {"kind": "voice_change"})
    return Response(frame.body, media_type=CONTENT_TYPES[job["format"]["container"]])


@router.post(
    "/voice-changer/sse", response_class=Response, openapi_extra=documented_form(**FORM) | answered_with(SSE, NDJSON)
)
async def voice_changer_sse(request: Request, engine: KeyedEngine) -> Response:
    """The same as a stream: server-sent events, or lines of JSON for the 2.x SDKs, which require them."""
    lines = "x-fern-language" in request.headers
    async with uploaded(request, engine.settings.max_upload_bytes) as form:
        job = _job(form, engine)
        rate_hz = job["format"]["sample_rate_hz"]
        return await event_stream(
            request,
            engine,
            "tts",
            job | {"kind": "voice_change_pieces"},
            lambda frame: _event(frame, rate_hz),
            encode=ndjson if lines else sse,
            media_type=NDJSON if lines else SSE,
        )


def _job(form: Form, engine: Engine) -> dict[str, Any]:
    voice = form_voice(form, engine, "voice[id]")
    return {
        "clip": str(form.file("clip")),
        "timbre": asdict(voice.conversion_timbre),
        "version": engine.conversion_version,
        "format": asdict(form_format(form)),
    }


def _event(frame: Frame, sample_rate_hz: int) -> dict[str, Any]:
    """A frame as an event. Unlike in `tts/sse`, the last event has status 200 in the API."""
    if frame.header["type"] == "done":
        return {"type": "done", "status_code": 200, "done": True}
    return {
        "type": "chunk",
        "status_code": 206,
        "done": False,
        "data": b64encode(frame.body).decode(),
        "sample_rate": sample_rate_hz,
        "step_time": frame.header["step_time"],
    }
