"""Shared by the routes: the engine, access control, and JSON bodies with a size limit and validation."""

import asyncio
from typing import Annotated, Any, TypeVar

from fastapi import Depends, Request
from pydantic import BaseModel, ValidationError

from voicemill.engine.access import require_access
from voicemill.engine.engine import Engine
from voicemill.engine.refusals import Refusal, bad_request
from voicemill.processes.frames import Frame

Body = TypeVar("Body", bound=BaseModel)

_CONNECTION_CHECK_S = 1.0


def engine_of(request: Request) -> Engine:
    """The engine of this request."""
    engine: Engine = request.app.state.engine
    return engine


def _opened(request: Request, family: str | None) -> Engine:
    engine = engine_of(request)
    require_access(request, engine.settings.keys, engine.tokens, family)
    return engine


def _with_key(request: Request) -> Engine:
    return _opened(request, None)


def _for_tts(request: Request) -> Engine:
    return _opened(request, "tts")


def _for_stt(request: Request) -> Engine:
    return _opened(request, "stt")


KeyedEngine = Annotated[Engine, Depends(_with_key)]
"""The engine, for requests with a key."""
TtsEngine = Annotated[Engine, Depends(_for_tts)]
"""The engine, for requests with a key or a token for `tts`."""
SttEngine = Annotated[Engine, Depends(_for_stt)]
"""The engine, for requests with a key or a token for `stt`."""


async def json_body(request: Request, model: type[Body], max_bytes: int) -> Body:
    """The body as `model`. Raises `Refusal`: 413 if it is too large, 400 that names each invalid field."""
    content = bytearray()
    async for chunk in request.stream():
        content += chunk
        if len(content) > max_bytes:
            raise Refusal(413, "Request too large", f"The body is larger than {max_bytes} bytes. Split it.")
    try:
        return model.model_validate_json(bytes(content))
    except ValidationError as error:
        raise bad_request(what_is_wrong(error)) from None


def what_is_wrong(error: ValidationError) -> str:
    """Each invalid field and the reason, in one line."""
    problems = []
    for problem in error.errors(include_url=False, include_context=False, include_input=False):
        place = ".".join(str(part) for part in problem["loc"]) or "the body"
        problems.append(f"{place}: {problem['msg']}")
    return "; ".join(problems) + "."


async def await_worker(request: Request, engine: Engine, job: dict[str, Any]) -> Frame:
    """The last frame of a job. If the client disconnects first, the job is cancelled. Raises `Refusal`."""
    work = asyncio.create_task(engine.workers.run(job))
    try:
        while not (await asyncio.wait([work], timeout=_CONNECTION_CHECK_S))[0]:
            if await request.is_disconnected():
                raise Refusal(408, "Request timeout", "The client closed the connection before the response was ready.")
        return work.result()
    finally:
        work.cancel()
