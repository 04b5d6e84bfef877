"""The engine as an ASGI application that serves the paths of Cartesia's HTTP API."""

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
from voicemill.engine.routes import access_token, infill, status, stt, tts, voice_changer, voice_edits, voice_lookup
from voicemill.engine.routes.documentation import DocumentedApp
from voicemill.engine.schemas.errors import error_response
from voicemill.engine.settings import EngineSettings


def create_app(settings: EngineSettings | None = None) -> FastAPI:
    """A new engine as an application; `app.state.service` is the name under which its answers are stored.

    `httpx.ASGITransport` runs no lifespan: with it, call `await app.state.engine.close()` when done. Without
    `settings` the environment decides. Raises `ConfigError`.
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
    for routes in (status, access_token, tts, stt, voice_changer, infill, voice_lookup, voice_edits):
        app.include_router(routes.router)
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
