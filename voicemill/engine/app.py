"""The engine as an ASGI application: Cartesia's HTTP paths, answered on this machine."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI, Request
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.responses import Response

from voicemill.engine.engine import Engine
from voicemill.engine.envelope import Envelope
from voicemill.engine.fault_injection import FaultyService
from voicemill.engine.refusals import Refusal
from voicemill.engine.routes import access_token, infill, status, stt, tts, voice_changer
from voicemill.engine.routes import voice_edits as own_voices
from voicemill.engine.routes import voice_lookup as voices
from voicemill.engine.routes.documentation import DocumentedApp
from voicemill.engine.schemas.errors import error_response
from voicemill.engine.settings import EngineSettings


def create_app(settings: EngineSettings | None = None) -> FastAPI:
    """A new engine; `app.state.engine` closes it, `app.state.service` names it.

    Served by uvicorn or called in process through `httpx.ASGITransport`, which runs no lifespan: then
    `await app.state.engine.close()` when done. Without `settings` it takes `EngineSettings.from_environment()`.
    """
    settings = settings or EngineSettings.from_environment()
    engine = Engine(settings)
    middleware = [Middleware(Envelope)]
    if settings.faults is not None:
        middleware.append(Middleware(FaultyService, faults=settings.faults))
    app = DocumentedApp(
        title="voicemill speech engine",
        version="1",
        lifespan=_closing,
        middleware=middleware,
        docs_url=None,  # its pages load scripts from another host; /openapi.json is served
        redoc_url=None,
        redirect_slashes=False,
    )
    app.state.engine = engine
    app.state.service = engine.service
    for family in (status, access_token, tts, stt, voice_changer, infill, voices, own_voices):
        app.include_router(family.router)
    app.add_exception_handler(Refusal, _refused)
    app.add_exception_handler(HTTPException, _no_such_path)
    return app


@asynccontextmanager
async def _closing(app: FastAPI) -> AsyncIterator[None]:
    yield
    await app.state.engine.close()


async def _refused(request: Request, refusal: Exception) -> Response:
    assert isinstance(refusal, Refusal)
    return error_response(refusal, request.state.api_version, request.state.request_id)


async def _no_such_path(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    titles = {404: "Not found", 405: "Method not allowed"}
    message = f"{request.method} {request.url.path} is not part of this API."
    return await _refused(request, Refusal(error.status_code, titles.get(error.status_code, "Error"), message))
