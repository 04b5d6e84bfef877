"""Middleware that injects faults into the engine's responses: latency, refusals, failures and truncated bodies."""

import asyncio
import random

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from voicemill.engine.faults import Faults
from voicemill.engine.refusals import Refusal
from voicemill.engine.schemas.errors import error_response


class FaultyService:
    """ASGI middleware that injects faults into the responses of `app`."""

    def __init__(self, app: ASGIApp, faults: Faults) -> None:
        self._app = app
        self._faults = faults
        self._random = random.Random(faults.seed)  # noqa: S311 - faults, not secrets

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, or inject a fault instead."""
        if scope["type"] != "http" or scope["path"] == "/":
            await self._app(scope, receive, send)
            return
        faults, draw, failure = self._faults, self._random.random(), self._random.choice((500, 502, 503, 504))
        await asyncio.sleep(faults.latency_s)
        if draw < faults.throttled:
            await self._refuse(429, scope, receive, send)
        elif draw < faults.throttled + faults.failed:
            await self._refuse(failure, scope, receive, send)
        elif draw < faults.throttled + faults.failed + faults.cut:
            await self._app(scope, receive, _truncated(send))
        else:
            await self._app(scope, receive, send)

    async def _refuse(self, status: int, scope: Scope, receive: Receive, send: Send) -> None:
        throttled = status == 429
        refusal = Refusal(
            status,
            "Too many concurrent requests" if throttled else "Service fault",
            "The engine's settings inject this fault.",
            "concurrency_limited" if throttled else None,
        )
        response = error_response(refusal, scope["state"]["api_version"], scope["state"]["request_id"])
        if throttled and self._faults.retry_after_s is not None:
            response.headers["retry-after"] = f"{self._faults.retry_after_s:g}"
        await response(scope, receive, send)


def _truncated(send: Send) -> Send:
    """Send the headers unchanged and half of the first chunk of the body, and end the response."""
    ended = False

    async def half(message: Message) -> None:
        nonlocal ended
        if message["type"] != "http.response.body":
            await send(message)
        elif not ended:
            ended = True
            body = message.get("body", b"")
            await send({"type": "http.response.body", "body": body[: len(body) // 2], "more_body": False})

    return half
