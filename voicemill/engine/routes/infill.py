"""`POST /infill/bytes`."""

from typing import Any, Final

from fastapi import APIRouter, Request
from pydantic import ValidationError
from starlette.responses import Response

from voicemill.engine.engine import Engine
from voicemill.engine.refusals import bad_request
from voicemill.engine.routes.audio_forms import FORMAT_FIELDS, form_format, form_voice
from voicemill.engine.routes.documentation import AUDIO, WITH_TAKE, answered_with, documented_form
from voicemill.engine.routes.requests import KeyedEngine, await_worker, what_is_wrong
from voicemill.engine.routes.tts import CONTENT_TYPES, speech_job, take_of
from voicemill.engine.routes.uploads import Form, uploaded
from voicemill.engine.schemas.speech import ExperimentalControls, OutputFormat, SpeechRequest, VoiceSpecifier

router = APIRouter()

_CONTROLS: Final = "voice[__experimental_controls]"
FORM: Final = {
    "left_audio": "file",
    "right_audio": "file",
    "model_id": "text!",
    "language": "text",
    "transcript": "text!",
    "voice_id": "text!",
    f"{_CONTROLS}[speed]": "text",
    f"{_CONTROLS}[emotion][]": "texts",
} | FORMAT_FIELDS


@router.post(
    "/infill/bytes", response_class=Response, openapi_extra=documented_form(**FORM) | WITH_TAKE | answered_with(*AUDIO)
)
async def infill_bytes(request: Request, engine: KeyedEngine) -> Response:
    """Speech that matches the recordings before and after it; the response has only the new part."""
    async with uploaded(request, engine.settings.max_upload_bytes) as form:
        job = _job(form, engine) | {"take": take_of(request)}
        with engine.admission.admitted("tts"):
            frame = await await_worker(request, engine, job)
    return Response(frame.body, media_type=CONTENT_TYPES[job["format"]["container"]])


def _job(form: Form, engine: Engine) -> dict[str, Any]:
    sides = {name: str(form.files[name]) if name in form.files else None for name in ("left_audio", "right_audio")}
    if not any(sides.values()):
        raise bad_request("left_audio: send left_audio, right_audio or both; the new part is matched to them.")
    voice = form_voice(form, engine, "voice_id")
    format = form_format(form)
    body = SpeechRequest(
        model_id=form.text("model_id") or "",
        transcript=form.text("transcript") or "",
        language=form.text("language"),
        voice=VoiceSpecifier(id=voice.id, controls=_controls(form)),
        output_format=OutputFormat(
            container=format.container,
            sample_rate=format.sample_rate_hz,
            encoding=format.encoding,
            bit_rate=format.bit_rate_bps,
        ),
    )
    return speech_job(body, engine) | sides | {"kind": "infill"}


def _controls(form: Form) -> ExperimentalControls:
    sent = {"speed": form.text(f"{_CONTROLS}[speed]"), "emotion": form.fields.get(f"{_CONTROLS}[emotion][]", [])}
    try:
        return ExperimentalControls.model_validate(sent)
    except ValidationError as error:
        raise bad_request(f"{_CONTROLS}: {what_is_wrong(error)}") from None
