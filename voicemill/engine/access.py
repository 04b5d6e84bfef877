"""Access control: API keys, access tokens and the number of concurrent requests."""

import hmac
import threading
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING

from voicemill.engine.access_tokens import Tokens
from voicemill.engine.refusals import Refusal

if TYPE_CHECKING:
    from starlette.requests import Request


def require_access(request: "Request", keys: frozenset[str] | None, tokens: Tokens, family: str | None) -> None:
    """Let the request pass with a key (as `X-API-Key` or `Authorization: Bearer`) or with a token for its `family`.

    With `keys` None, any non-empty key is accepted. Without a `family`, only a key is. Raises `Refusal` (401, 403).
    """
    given = request.headers.get("x-api-key", "").strip() or _bearer(request)
    if not given:
        raise Refusal(401, "Unauthorized", "No API key was sent. Send it in the X-API-Key header.")
    grants = tokens.grants(given)
    if grants is not None:
        if family not in grants:
            raise Refusal(403, "Forbidden", "This access token does not cover this request. Use an API key.")
    elif keys is not None and not any(hmac.compare_digest(given.encode(), key.encode()) for key in keys):
        raise Refusal(401, "Unauthorized", "The API key is invalid.")


def _bearer(request: "Request") -> str:
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else ""


class Admission:
    """Counts the requests of each family (`tts`, `stt`) in progress, where a limit is set."""

    def __init__(self, limits: Mapping[str, int | None]) -> None:
        self._limits = limits
        self._inside: Counter[str] = Counter()
        self._lock = threading.Lock()

    @contextmanager
    def admitted(self, family: str) -> Iterator[None]:
        """Hold a slot for one request. Raises `Refusal` (429) when all slots are in use."""
        limit = self._limits.get(family)
        with self._lock:
            if limit is not None and self._inside[family] >= limit:
                message = (
                    f"You have exceeded your plan's concurrency limit of {limit}. Retry after a response has arrived."
                )
                raise Refusal(429, "Too many concurrent requests", message, "concurrency_limited")
            self._inside[family] += 1
        try:
            yield
        finally:
            with self._lock:
                self._inside[family] -= 1
