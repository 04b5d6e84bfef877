"""`POST /tts/bytes` and `POST /tts/sse`."""

import re
from base64 import b64encode
from dataclasses import asdict
from typing import Any, Final, TypeVar

from fastapi import APIRouter, Request
from starlette.responses import Response

from voicemill.engine.engine import Engine
from voicemill.engine.refusals import bad_request
from voicemill.engine.routes.documentation import AUDIO, TAKE_HEADER, WITH_TAKE, answered_with, documented
from voicemill.engine.routes.requests import TtsEngine, await_worker, json_body
from voicemill.engine.routes.streams import event_stream
from voicemill.engine.routes.voice_edits import embedded_timbre
from voicemill.engine.schemas.events import SSE
from voicemill.engine.schemas.speech import OutputFormat, SpeechRequest, StreamedSpeechRequest, VoiceSpecifier
from voicemill.engine.synthesis.takes import MOST_TAKES
from voicemill.engine.voices.languages import language, pronunciation
from voicemill.engine.voices.voice import EngineVoice
from voicemill.model.audio_formats import AudioFormat
from voicemill.model.service_tags import without_tags
from voicemill.processes.frames import Frame

router = APIRouter()
SpeechBody = TypeVar("SpeechBody", bound=SpeechRequest)

CONTENT_TYPES: Final = {"wav": "audio/wav", "mp3": "audio/mpeg", "raw": "application/octet-stream"}
_MOST_TAKE_DIGITS: Final = 20
_MODEL: Final = re.compile(r"sonic(-[a-z0-9.]+)*(-\d{4}-\d{2}-\d{2})?")


@router.post(
    "/tts/bytes", response_class=Response, openapi_extra=documented(SpeechRequest) | WITH_TAKE | answered_with(*AUDIO)
)
async def tts_bytes(request: Request, engine: TtsEngine) -> Response:
    """The transcript as one audio file."""
    body = await speech_body(request, SpeechRequest, engine.settings.max_json_bytes)
    job = speech_job(body, engine) | {"kind": "tts_bytes"}
    with engine.admission.admitted("tts"):
        frame = await await_worker(request, engine, job)
    return Response(frame.body, media_type=CONTENT_TYPES[body.output_format.container])


@router.post(
    "/tts/sse",
    response_class=Response,
    openapi_extra=documented(StreamedSpeechRequest) | WITH_TAKE | answered_with(SSE),
)
async def tts_sse(request: Request, engine: TtsEngine) -> Response:
    """The transcript as events: chunks of raw audio while it is generated, and timestamps if requested."""
    body = await speech_body(request, StreamedSpeechRequest, engine.settings.max_json_bytes)
    if body.output_format.container != "raw":
        raise bad_request("output_format.container must be raw for tts/sse; use tts/bytes for wav and mp3.")
    job = speech_job(body, engine) | {
        "kind": "tts_pieces",
        "word_timestamps": body.add_timestamps,
        "phoneme_timestamps": body.add_phoneme_timestamps,
    }
    context = {} if body.context_id is None else {"context_id": body.context_id}
    return await event_stream(request, engine, "tts", job, lambda frame: _event(frame) | context)


async def speech_body(request: Request, model: type[SpeechBody], max_bytes: int) -> SpeechBody:
    """The body as `model`, with the take that the header names unless the body names one. Raises `Refusal`."""
    body = await json_body(request, model, max_bytes)
    return body if body.take is not None else body.model_copy(update={"take": take_of(request)})


def take_of(request: Request) -> int:
    """The number of the reading that the `Voicemill-Take` header requests, 0 without it. Raises `Refusal` (400)."""
    text = request.headers.get(TAKE_HEADER, "0").strip()
    if not (text.isascii() and text.isdecimal() and len(text) <= _MOST_TAKE_DIGITS and int(text) <= MOST_TAKES):
        raise bad_request(f"{TAKE_HEADER} is {text!r}, but must be a whole number from 0 to {MOST_TAKES}.")
    return int(text)


def _event(frame: Frame) -> dict[str, Any]:
    """A worker's frame as an event. In the API every speech event has status 206, even the last."""
    event = {name: value for name, value in frame.header.items() if name != "last"}
    event |= {"status_code": 206, "done": event["type"] == "done"}
    if event["type"] == "chunk":
        event["data"] = b64encode(frame.body).decode()
    return event


def speech_job(body: SpeechRequest, engine: Engine) -> dict[str, Any]:
    """The job for a worker. Raises `Refusal` (400) that names the invalid field."""
    _check_model(body.model_id)
    _check_transcript(body.transcript, engine.settings.max_transcript_characters)
    voice = voice_of(body.voice, engine)
    spoken = language(body.language or voice.language)
    _check_backend_language(voice, spoken.code)
    return {
        **body.job(),
        "language": spoken.code,
        "accent": pronunciation(spoken.code, voice.accent),
        "timbre": asdict(voice.timbre_in(spoken.code, natural=engine.is_natural)),
        "format": asdict(audio_format(body.output_format)),
        "natural_version": engine.settings.natural_version,
    }


def audio_format(wire: OutputFormat) -> AudioFormat:
    """The wire's `output_format`. Raises `Refusal` (400) that names the invalid field and its choices."""
    try:
        return wire.format()
    except ValueError as error:
        raise bad_request(f"output_format.{error}.") from None


def voice_of(wanted: VoiceSpecifier, engine: Engine) -> EngineVoice:
    """The requested voice. Raises `Refusal` (400) if it does not exist."""
    if wanted.embedding is not None:
        return EngineVoice(id="", name="", language="en", timbre=embedded_timbre(wanted.embedding, "voice.embedding"))
    if wanted.id is None:
        raise bad_request("voice.id is missing: name a voice by its id; GET /voices lists them.")
    found = engine.catalogue.find(wanted.id)
    if found is None:
        raise bad_request(f"There is no voice {wanted.id!r}; GET /voices lists them.", "voice_not_found")
    return found


def _check_backend_language(voice: EngineVoice, code: str) -> None:
    if voice.timbre.backend and voice.language != code:
        raise bad_request(
            f"The voice {voice.name!r} speaks {voice.language!r} only, not {code!r}. Choose another voice."
        )


def _check_model(model_id: str) -> None:
    if not _MODEL.fullmatch(model_id):
        raise bad_request(
            f"Unknown model {model_id!r}; use sonic-2, sonic-turbo, sonic-3 or another sonic model.", "model_not_found"
        )


def _check_transcript(transcript: str, most: int) -> None:
    if not any(character.isalnum() for character in without_tags(transcript)):
        raise bad_request("transcript must not be empty or punctuation only: write at least one letter or digit.")
    if len(transcript) > most:
        raise bad_request(
            f"transcript has {len(transcript)} characters, but at most {most} can be spoken at once. Split it."
        )
