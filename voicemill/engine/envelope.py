"""Every request gets an id, an API version, and a response even after an unexpected error."""

import logging
import uuid

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from voicemill.engine.refusals import Refusal
from voicemill.engine.schemas.errors import error_response

logger = logging.getLogger(__name__)

REQUEST_ID_HEADER = "x-request-id"
OLDEST_API_VERSION = "2024-06-10"
"""The version of requests without a `Cartesia-Version` header."""


class Envelope:
    """ASGI middleware: gives each request an id (header `x-request-id`) and turns unexpected exceptions into a 500."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        state = scope.setdefault("state", {})
        state["request_id"] = str(uuid.uuid4())
        state["api_version"] = Headers(scope=scope).get("cartesia-version", OLDEST_API_VERSION)
        started = False

        async def send_with_id(message: Message) -> None:
            nonlocal started
            if message["type"] == "http.response.start":
                started = True
                MutableHeaders(scope=message)[REQUEST_ID_HEADER] = state["request_id"]
            await send(message)

        try:
            await self._app(scope, receive, send_with_id)
        except Exception:
            logger.exception("request %s failed in the speech engine", state["request_id"])
            if started:
                raise
            failure = Refusal(500, "Internal server error", "The speech engine failed on this request. Try again.")
            response = error_response(failure, state["api_version"], state["request_id"])
            await response(scope, receive, send_with_id)
