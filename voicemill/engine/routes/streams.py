"""Answers that are sent event by event."""

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
    question: dict[str, Any],
    event: Callable[[Frame], dict[str, Any]],
    *,
    encode: Encode = sse,
    media_type: str = SSE,
) -> Response:
    """An event for each frame of a worker's answer.

    What is wrong before the first frame is an ordinary refusal with its own status; later it is an error event.
    """
    with ExitStack() as held:
        held.enter_context(engine.admission.admitted(family))
        frames = engine.workers.stream(question)
        first = await anext(frames)

        async def body() -> AsyncIterator[bytes]:
            yield encode(event(first))
            try:
                async for frame in frames:
                    yield encode(event(frame))
            except Refusal as refusal:
                yield encode(error_event(refusal, request.state.api_version, request.state.request_id))

        return _Stream(body(), media_type, frames, held.pop_all())


class _Stream(StreamingResponse):
    """Lets go of the worker and the place when it has been sent, or nobody listens any more."""

    def __init__(
        self, body: AsyncIterator[bytes], media_type: str, frames: AsyncGenerator[Frame, None], held: ExitStack
    ) -> None:
        super().__init__(body, media_type=media_type)
        self._frames = frames
        self._held = held

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send it."""
        with self._held:
            try:
                await super().__call__(scope, receive, send)
            finally:
                await self._frames.aclose()
