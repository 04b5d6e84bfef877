"""Responses that are sent event by event."""

from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import ExitStack
from typing import Any

from fastapi import Request
from starlette.responses import Response, StreamingResponse
from starlette.types import Receive, Scope, Send

from voicemill.engine.engine import Engine
from voicemill.engine.refusals import Refusal
from voicemill.engine.schemas.events import SSE, error_event, sse
from voicemill.processes.frames import Frame

Encode = Callable[[dict[str, Any]], bytes]


async def event_stream(
    request: Request,
    engine: Engine,
    family: str,
    job: dict[str, Any],
    event: Callable[[Frame], dict[str, Any]],
    *,
    encode: Encode = sse,
    media_type: str = SSE,
) -> Response:
    """One event for each frame of a worker that is not mere progress.

    An error before the first frame is a response with its own status; a later one is an error event.
    """
    with ExitStack() as held:
        held.enter_context(engine.admission.admitted(family))
        frames = _without_progress(engine.workers.stream(job))
        first = await anext(frames)

        async def body() -> AsyncIterator[bytes]:
            yield encode(event(first))
            try:
                async for frame in frames:
                    yield encode(event(frame))
            except Refusal as refusal:
                yield encode(error_event(refusal, request.state.api_version, request.state.request_id))

        return _Stream(body(), media_type, frames, held.pop_all())


async def _without_progress(frames: AsyncGenerator[Frame, None]) -> AsyncGenerator[Frame, None]:
    """The frames that have a type; a frame of progress only shows that the worker is not stuck."""
    try:
        async for frame in frames:
            if "type" in frame.header:
                yield frame
    finally:
        await frames.aclose()


class _Stream(StreamingResponse):
    """Releases the worker and the slot at the end of the response, or when the client disconnects."""

    def __init__(
        self, body: AsyncIterator[bytes], media_type: str, frames: AsyncGenerator[Frame, None], held: ExitStack
    ) -> None:
        super().__init__(body, media_type=media_type)
        self._frames = frames
        self._held = held

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the response."""
        with self._held:
            try:
                await super().__call__(scope, receive, send)
            finally:
                await self._frames.aclose()
