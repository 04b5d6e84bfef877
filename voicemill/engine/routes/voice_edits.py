"""Create, change and delete user-created voices."""

import asyncio
import uuid
from dataclasses import asdict, replace
from datetime import UTC, datetime
from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import Response

from voicemill.engine.engine import Engine
from voicemill.engine.refusals import Refusal, bad_request
from voicemill.engine.routes.documentation import documented, documented_form
from voicemill.engine.routes.requests import KeyedEngine, await_worker, json_body
from voicemill.engine.routes.uploads import Form, uploaded
from voicemill.engine.routes.voice_lookup import existing
from voicemill.engine.schemas.voice_objects import CreateVoice, LocalizeVoice, MixVoices, UpdateVoice, voice_object
from voicemill.engine.voices.catalogue import built_in_voices
from voicemill.engine.voices.embedding import mixed, timbre_of
from voicemill.engine.voices.languages import accent_named, accent_of_dialect, language
from voicemill.engine.voices.timbre import Timbre, timbre_from
from voicemill.engine.voices.voice import USER_OWNER, EngineVoice

router = APIRouter()

_NULLABLE = ("gender", "accent")
_GENDERS: dict[str | None, Any] = {"male": "masculine", "female": "feminine"}
CLONE_FORM = {
    "clip": "file!",
    "name": "text!",
    "description": "text",
    "language": "text",
    "mode": "text",
    "enhance": "text",
    "base_voice_id": "text",
    "accent": "text",
}
MODES = ("similarity", "stability")


@router.post("/voices/clone", openapi_extra=documented_form(**CLONE_FORM))
async def clone_voice(request: Request, engine: KeyedEngine) -> dict[str, Any]:
    """Create a voice from a recording of a speaker."""
    async with uploaded(request, engine.settings.max_upload_bytes) as form:
        voice = _new(_required(form, "name"), form.text("description"), form.text("language") or "en", Timbre())
        if accent := form.text("accent"):
            voice = replace(voice, accent=accent_named(accent, voice.language).id)
        job = {
            "kind": "clone",
            "clip": str(form.file("clip")),
            "mode": _mode(form),
            "base": asdict(_base(engine, form.text("base_voice_id")).timbre),
        }
        frame = await await_worker(request, engine, job)
    return await _saved(engine, replace(voice, timbre=timbre_from(frame.header["timbre"])))


@router.post("/voices", openapi_extra=documented(CreateVoice))
@router.post("/voices/", include_in_schema=False)
async def create_voice(request: Request, engine: KeyedEngine) -> dict[str, Any]:
    """Create a voice from an embedding; an empty one copies the base voice."""
    body = await json_body(request, CreateVoice, engine.settings.max_json_bytes)
    base = _base(engine, body.base_voice_id)
    timbre = embedded_timbre(body.embedding) if body.embedding else base.timbre
    voice = _new(body.name, body.description, body.language, timbre)
    return await _saved(engine, replace(voice, given_embedding=tuple(body.embedding) or base.given_embedding))


@router.post("/voices/localize", openapi_extra=documented(LocalizeVoice))
async def localize_voice(request: Request, engine: KeyedEngine) -> dict[str, Any]:
    """Create a voice with the same speaker in another language or dialect."""
    body = await json_body(request, LocalizeVoice, engine.settings.max_json_bytes)
    original = _mixable(_requested(engine, body.voice_id, "voice_id"))
    code, accent = _target(body)
    gender = _GENDERS.get(body.original_speaker_gender, original.gender)
    voice = _new(body.name, body.description, code, original.timbre)
    voice = replace(voice, espeak=original.espeak, given_embedding=original.given_embedding)
    return await _saved(engine, replace(voice, gender=gender, accent=accent))


@router.post("/voices/mix", openapi_extra=documented(MixVoices))
async def mix_voices(request: Request, engine: KeyedEngine) -> dict[str, list[float]]:
    """The weighted mean of embeddings."""
    body = await json_body(request, MixVoices, engine.settings.max_json_bytes)
    parts = []
    for number, part in enumerate(body.voices):
        if part.id is not None:
            parts.append(_mixable(_requested(engine, part.id, f"voices.{number}.id")).embedding)
        else:
            embedding = part.embedding or []
            embedded_timbre(embedding, f"voices.{number}.embedding")
            parts.append(embedding)
    try:
        mean = mixed(parts, [part.weight for part in body.voices])
    except ValueError as error:
        raise bad_request(f"voices: {error}.") from None
    embedded_timbre(mean, "voices")
    return {"embedding": mean}


@router.patch("/voices/{voice_id}", openapi_extra=documented(UpdateVoice))
async def update_voice(voice_id: str, request: Request, engine: KeyedEngine) -> dict[str, Any]:
    """Change the name, description, gender or accent of a voice."""
    body = await json_body(request, UpdateVoice, engine.settings.max_json_bytes)
    voice = _owned(engine, voice_id)
    changes = {
        name: value
        for name, value in body.model_dump(exclude_unset=True).items()
        if value is not None or name in _NULLABLE
    }
    if body.accent is not None:
        changes["accent"] = accent_named(body.accent).id
    return await _saved(engine, replace(voice, **changes))


@router.delete("/voices/{voice_id}", status_code=204)
async def delete_voice(voice_id: str, engine: KeyedEngine) -> Response:
    """Delete a voice."""
    voice = _owned(engine, voice_id)
    await asyncio.to_thread(engine.catalogue.user_voices.delete, voice.id)
    return Response(status_code=204)


def _target(body: LocalizeVoice) -> tuple[str, str | None]:
    """The requested language and accent; the newest SDKs send only the accent."""
    if body.language is None and body.accent is None:
        raise bad_request("language: Field required, unless an accent is named.")
    code = None if body.language is None else language(body.language).code
    if body.accent is not None:
        accent = accent_named(body.accent, code)
        return accent.language, accent.id
    assert code is not None
    return code, accent_of_dialect(code, body.dialect)


def embedded_timbre(embedding: list[float], field: str = "embedding") -> Timbre:
    """The timbre of an embedding. Raises `Refusal` (400) that names the field."""
    try:
        return timbre_of(embedding)
    except ValueError as error:
        raise bad_request(f"{field}: {error}.") from None


def _new(name: str, description: str | None, code: str, timbre: Timbre) -> EngineVoice:
    return EngineVoice(
        id=str(uuid.uuid4()),
        name=name,
        description=description or "",
        language=language(code).code,
        timbre=timbre,
        owner=USER_OWNER,
        created_at=datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
    )


async def _saved(engine: Engine, voice: EngineVoice) -> dict[str, Any]:
    await asyncio.to_thread(engine.catalogue.user_voices.save, voice)
    return voice_object(voice, with_embedding=True)


def _owned(engine: Engine, voice_id: str) -> EngineVoice:
    voice = existing(engine, voice_id)
    if voice.is_public:
        raise Refusal(403, "Forbidden", f"{voice.name!r} is built in; only user-created voices can be changed.")
    return voice


def _requested(engine: Engine, voice_id: str, field: str) -> EngineVoice:
    found = engine.catalogue.find(voice_id)
    if found is None:
        raise bad_request(f"{field}: there is no voice {voice_id!r}; GET /voices lists them.", "voice_not_found")
    return found


def _mixable(voice: EngineVoice) -> EngineVoice:
    if voice.timbre.backend:
        raise bad_request(
            f"{voice.name!r} is a {voice.timbre.backend} voice, which cannot be mixed, copied or localized."
        )
    return voice


def _base(engine: Engine, voice_id: str | None) -> EngineVoice:
    if voice_id is None:
        return built_in_voices(natural=engine.is_natural)[0]
    return _mixable(_requested(engine, voice_id, "base_voice_id"))


def _mode(form: Form) -> str:
    mode = form.text("mode") or "similarity"
    if mode not in MODES:
        raise bad_request(f"mode is {mode!r}, but must be one of {', '.join(MODES)}.")
    return mode


def _required(form: Form, name: str) -> str:
    value = (form.text(name) or "").strip()
    if not value:
        raise bad_request(f"{name}: Field required.")
    return value
