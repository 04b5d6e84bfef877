"""`GET /voices`, `GET /voices/{id}` and `GET /accents`: list and look up voices and accents."""

from typing import Annotated, Any

from fastapi import APIRouter, Request
from pydantic import BaseModel, Field, ValidationError

from voicemill.engine.engine import Engine
from voicemill.engine.refusals import bad_request, not_found
from voicemill.engine.routes.documentation import documented_query
from voicemill.engine.routes.requests import KeyedEngine, what_is_wrong
from voicemill.engine.schemas.voice_objects import accent_object, voice_object
from voicemill.engine.voices.languages import accents
from voicemill.engine.voices.voice import EngineVoice, Gender

router = APIRouter()

PAGES_SINCE = "2024-11-13"
EXPAND: dict[str, dict[str, Any]] = {"expand[]": {"type": "array", "items": {"type": "string"}}}


class Page(BaseModel):
    """The query string of a list: filters and paging."""

    limit: Annotated[int, Field(ge=1, le=100)] = 10
    starting_after: str | None = None
    ending_before: str | None = None
    is_owner: bool | None = None
    is_starred: bool | None = None
    gender: Gender | None = None
    language: str | None = None
    q: str | None = None

    def includes(self, voice: EngineVoice) -> bool:
        """Whether a voice passes the filters."""
        text = f"{voice.name} {voice.description} {voice.id}".casefold()
        return (
            self.is_owner in (None, not voice.is_public)
            and self.is_starred in (None, False)
            and self.gender in (None, voice.gender)
            and self.language in (None, voice.language)
            and (self.q or "").casefold() in text
        )


@router.get("/voices", openapi_extra=documented_query(**Page.model_json_schema()["properties"] | EXPAND))
@router.get("/voices/", include_in_schema=False)
async def list_voices(request: Request, engine: KeyedEngine) -> Any:  # noqa: ANN401 - a list or an object, by version
    """All voices as a plain list for API version 2024-06-10, one page for later versions."""
    voices = engine.catalogue.all()
    if request.state.api_version < PAGES_SINCE:
        return [voice_object(voice, with_embedding=True) for voice in voices]
    try:
        page = Page.model_validate(dict(request.query_params))
    except ValidationError as error:
        raise bad_request(what_is_wrong(error)) from None
    return _page_of([voice for voice in voices if page.includes(voice)], page, with_embedding=wants_embedding(request))


@router.get("/accents")
async def list_accents(engine: KeyedEngine) -> dict[str, Any]:
    """All accents by id."""
    return {"accents": [accent_object(accents()[name]) for name in sorted(accents())]}


@router.get("/voices/{voice_id}", openapi_extra=documented_query(**EXPAND))
async def get_voice(voice_id: str, request: Request, engine: KeyedEngine) -> dict[str, Any]:
    """One voice."""
    return voice_object(existing(engine, voice_id), with_embedding=wants_embedding(request))


def existing(engine: Engine, voice_id: str) -> EngineVoice:
    """The voice in a path. Raises `Refusal` (404)."""
    found = engine.catalogue.find(voice_id)
    if found is None:
        raise not_found(f"There is no voice {voice_id!r}; GET /voices lists them.", "voice_not_found")
    return found


def wants_embedding(request: Request) -> bool:
    """Whether the response includes embeddings: always in the oldest version, later if requested."""
    expand = request.query_params.getlist("expand[]") + request.query_params.getlist("expand")
    return request.state.api_version < PAGES_SINCE or "embedding" in expand


def _page_of(voices: list[EngineVoice], page: Page, *, with_embedding: bool) -> dict[str, Any]:
    ids = [voice.id for voice in voices]
    if page.ending_before is not None:
        stop = _position(ids, page.ending_before, "ending_before")
        start = max(0, stop - page.limit)
        more = start > 0
    else:
        start = 0 if page.starting_after is None else _position(ids, page.starting_after, "starting_after") + 1
        stop = min(start + page.limit, len(voices))
        more = stop < len(voices)
    shown = voices[start:stop]
    next_page = shown[-1 if page.ending_before is None else 0].id if more and shown else None
    data = [voice_object(voice, with_embedding=with_embedding) for voice in shown]
    return {"data": data, "has_more": more, "next_page": next_page}


def _position(ids: list[str], voice_id: str, field: str) -> int:
    if voice_id not in ids:
        raise bad_request(f"{field} is {voice_id!r}, which is not in this list.", "voice_not_found")
    return ids.index(voice_id)
