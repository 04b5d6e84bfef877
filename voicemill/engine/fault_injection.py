"""Faults on purpose, to test clients against: latency, refusals, failures, cut bodies. Off unless asked for."""

import asyncio
import random
from dataclasses import dataclass

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from voicemill.engine.refusals import Refusal
from voicemill.engine.schemas.errors import error_response


@dataclass(frozen=True, slots=True, kw_only=True)
class Faults:
    """How often what goes wrong, as shares of requests from 0 to 1; drawn from `seed`, so a run can be repeated.

    `throttled`: a 429, with `Retry-After: retry_after_s` where that is set. `failed`: one of 500, 502, 503, 504.
    `cut`: a good answer whose body stops half way. Every request first waits `latency_s`. `GET /` is left alone.
    Raises `ValueError` that names the wrong field.
    """

    seed: int = 0
    latency_s: float = 0.0
    throttled: float = 0.0
    failed: float = 0.0
    cut: float = 0.0
    retry_after_s: float | None = None

    def __post_init__(self) -> None:
        for name in ("throttled", "failed", "cut"):
            if not 0.0 <= getattr(self, name) <= 1.0:
                raise ValueError(f"{name} is {getattr(self, name)}, but must be from 0 to 1")
        if self.throttled + self.failed + self.cut > 1.0:
            raise ValueError("throttled, failed and cut together must not be more than 1")
        if self.latency_s < 0:
            raise ValueError(f"latency_s is {self.latency_s}, but must not be negative")


class FaultyService:
    """ASGI middleware that makes a good service a bad one."""

    def __init__(self, app: ASGIApp, faults: Faults) -> None:
        self._app = app
        self._faults = faults
        self._random = random.Random(faults.seed)  # noqa: S311 - faults, not secrets

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass one request on, or do not."""
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
            await self._app(scope, receive, _cutting(send))
        else:
            await self._app(scope, receive, send)

    async def _refuse(self, status: int, scope: Scope, receive: Receive, send: Send) -> None:
        throttled = status == 429
        refusal = Refusal(
            status,
            "Too many concurrent requests" if throttled else "Service fault",
            "This fault was asked for by the engine's fault mode.",
            "concurrency_limited" if throttled else None,
        )
        response = error_response(refusal, scope["state"]["api_version"], scope["state"]["request_id"])
        if throttled and self._faults.retry_after_s is not None:
            response.headers["retry-after"] = f"{self._faults.retry_after_s:g}"
        await response(scope, receive, send)


def _cutting(send: Send) -> Send:
    """Sends the headers as they are, half of the first piece of the body, and then nothing more."""
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
