"""`POST /stt`."""

from typing import Any, Final

from fastapi import APIRouter, Request

from voicemill.engine.engine import Engine
from voicemill.engine.refusals import bad_request
from voicemill.engine.routes.documentation import documented_form, documented_query
from voicemill.engine.routes.requests import SttEngine, await_worker
from voicemill.engine.routes.uploads import Form, uploaded

router = APIRouter()

ENCODINGS: Final = ("pcm_s16le", "pcm_s32le", "pcm_f16le", "pcm_f32le", "pcm_mulaw", "pcm_alaw")
FORM: Final = {"file": "file!", "model": "text!", "language": "text", "timestamp_granularities[]": "texts"}
LOWEST_RATE_HZ, HIGHEST_RATE_HZ = 4000, 384_000
QUERY: Final[dict[str, dict[str, Any]]] = {
    "encoding": {"type": "string", "enum": list(ENCODINGS)},
    "sample_rate": {"type": "integer", "minimum": LOWEST_RATE_HZ, "maximum": HIGHEST_RATE_HZ},
}


@router.post("/stt", openapi_extra=documented_form(**FORM) | documented_query(**QUERY))
async def stt(request: Request, engine: SttEngine) -> dict[str, Any]:
    """The transcript of a recording, with word timestamps where requested."""
    with engine.admission.admitted("stt"):
        async with uploaded(request, engine.settings.max_upload_bytes) as form:
            job = _job(request, form, engine)
            frame = await await_worker(request, engine, job)
    answer = {
        "type": "transcript",
        "request_id": request.state.request_id,
        "is_final": True,
        "text": frame.header["text"],
        "language": frame.header["language"],
        "duration": round(frame.header["duration_s"], 3),
    }
    if "word" in (form.fields.get("timestamp_granularities[]") or form.fields.get("timestamp_granularities") or ()):
        answer["words"] = [{"word": word, "start": start, "end": end} for word, start, end in frame.header["words"]]
    if frame.header["flags"]:
        answer["flags"] = frame.header["flags"]
    return answer


def _job(request: Request, form: Form, engine: Engine) -> dict[str, Any]:
    model = form.text("model")
    if model is None or not model.startswith("ink"):
        raise bad_request(f"model is {model!r}, but must be ink-whisper.", "model_not_found")
    encoding, rate_hz = _headerless(request)
    return {
        "kind": "stt",
        "file": str(form.file("file")),
        "language": _language(form, engine),
        "encoding": encoding,
        "sample_rate_hz": rate_hz,
        "recognizer": engine.recognizer_options,
    }


def _language(form: Form, engine: Engine) -> str | None:
    """The requested language; None leaves it to a recognizer of several languages."""
    known = engine.recognized_languages
    language = (form.text("language") or "").strip().lower() or None
    if known is None or language in known:
        return language
    if language is None and len(known) == 1:
        return next(iter(known))
    raise bad_request(
        f"language is {language!r}, but the recognizer knows only {', '.join(sorted(known))}. For other languages "
        "install 'voicemill[local]', or set VOICEMILL_WHISPER_MODEL to the folder of a faster-whisper model."
    )


def _headerless(request: Request) -> tuple[str | None, int | None]:
    """The query's `encoding` and `sample_rate`, which are given for samples without a header only."""
    encoding, rate = request.query_params.get("encoding"), request.query_params.get("sample_rate")
    if encoding is None:
        return None, None
    if encoding not in ENCODINGS:
        raise bad_request(f"encoding is {encoding!r}, but must be one of {', '.join(ENCODINGS)}.")
    if rate is None or not rate.isascii() or not rate.isdigit():
        raise bad_request(f"sample_rate is {rate!r}, but must be given in Hz together with encoding.")
    if not LOWEST_RATE_HZ <= int(rate[:9]) <= HIGHEST_RATE_HZ:
        raise bad_request(f"sample_rate is {rate}, but must be from {LOWEST_RATE_HZ} to {HIGHEST_RATE_HZ}.")
    return encoding, int(rate)
