"""Maps HTTP errors and the exceptions of httpx and aiohttp to `CallError`; no other module does.

Sources: docs.cartesia.ai (errors: plain text `Title: Message` before version 2026-03-01, JSON with `error_code`,
`title`, `message`, `request_id` from then on), RFC 9110 section 10.2.3 (Retry-After).
"""

import json
import math
import re
import ssl
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Final

import aiohttp
import httpx

from voicemill.errors import AuthRefused, CallError, Incomplete, QuotaExhausted, Refused, Throttled, Transient

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]+")
_MAX_MESSAGE_CHARACTERS = 300

_BY_STATUS: dict[int, type[CallError]] = {
    401: AuthRefused,
    402: QuotaExhausted,
    408: Transient,
    425: Transient,
    429: Throttled,
    501: Refused,
    505: Refused,
}


def failure(status: int, headers: Mapping[str, str], body: bytes, *, now: datetime | None = None) -> CallError:
    """The error for a response without success; `body` may be truncated."""
    code, text, request_id = _message_of(body)
    kind = _BY_STATUS.get(status) or (Transient if status >= 500 else Refused)
    if 300 <= status < 400:
        text = "the response is a redirect, which is never followed; check CARTESIA_BASE_URL"
    message = f"{text or 'no message'} (HTTP {status})"
    return kind(
        _remedy(kind, message),
        code=code,
        status=status,
        request_id=request_id or headers.get("x-request-id"),
        retry_after_s=retry_after_s(headers, now=now),
        billed="unknown" if status >= 500 else "no",
    )


def _remedy(kind: type[CallError], message: str) -> str:
    if kind is AuthRefused:
        return f"the service rejected the key: {message}; check CARTESIA_API_KEY, or the age of CARTESIA_ACCESS_TOKEN"
    if kind is QuotaExhausted:
        return f"the account has no credits left: {message}; top it up, then rerun the command"
    return message


def _message_of(body: bytes) -> tuple[str | None, str, str | None]:
    try:
        content = json.loads(body)
    except (ValueError, RecursionError):
        text = _plain(body.decode("utf-8", "replace"))
        return None, "a web page instead of a message" if text.startswith("<") else text, None
    if not isinstance(content, dict):
        return None, _plain(str(content)), None
    parts = [str(content[key]) for key in ("title", "message", "error", "detail") if content.get(key)]
    code = content.get("error_code")
    request_id = content.get("request_id")
    return (
        _plain(str(code)) if code else None,
        _plain(": ".join(parts)),
        _plain(str(request_id)) if request_id else None,
    )


def _plain(text: str) -> str:
    return _CONTROL.sub(" ", text).strip()[:_MAX_MESSAGE_CHARACTERS]


def retry_after_s(headers: Mapping[str, str], *, now: datetime | None = None) -> float | None:
    """The delay of `retry-after-ms` or `Retry-After` in seconds, never negative; None if missing or invalid."""
    milliseconds = _number(headers.get("retry-after-ms"))
    if milliseconds is not None:
        return milliseconds / 1000
    value = headers.get("retry-after")
    seconds = _number(value)
    if seconds is not None or value is None:
        return seconds
    try:
        moment = parsedate_to_datetime(value)
    except (ValueError, TypeError, OverflowError):
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return max(0.0, (moment - (now or datetime.now(UTC))).total_seconds())


def _number(value: str | None) -> float | None:
    if not value or not value.isascii() or "_" in value:
        return None
    try:
        number = float(value)
    except ValueError:
        return None
    return max(0.0, number) if math.isfinite(number) else None


FOREIGN_ERRORS: Final = (
    httpx.HTTPError,
    httpx.InvalidURL,
    httpx.CookieConflict,
    httpx.StreamError,
    aiohttp.ClientError,
    aiohttp.http_exceptions.HttpProcessingError,
    OSError,
    EOFError,
    ValueError,
)
"""The exceptions that httpx, aiohttp and the operating system may raise during a request."""

_TIMEOUTS = (TimeoutError, httpx.TimeoutException)
_BROKEN_OFF = (
    aiohttp.ClientPayloadError,
    aiohttp.ClientResponseError,
    aiohttp.ClientOSError,
    aiohttp.ServerDisconnectedError,
    aiohttp.http_exceptions.HttpProcessingError,
    httpx.ReadError,
    httpx.RemoteProtocolError,
)


def network_failure(error: Exception, host: str) -> CallError:
    """The `CallError` for one of the `FOREIGN_ERRORS`.

    It keeps no reference to `error`, whose arguments and frames may hold the key: aiohttp's hold all request headers.
    """
    causes = list(_causes(error))
    if _any(causes, ssl.SSLCertVerificationError, aiohttp.ClientConnectorCertificateError):
        return AuthRefused(f"the certificate of {host} is invalid; nothing was sent", code="certificate")
    if _any(causes, aiohttp.ClientConnectorError, aiohttp.ClientSSLError, httpx.ConnectError):
        return Transient(f"cannot connect to {host}; check the network and CARTESIA_BASE_URL", code="unreachable")
    # A lost connection may be reported as a timeout, so check the causes before the class.
    if _any(causes, *_BROKEN_OFF) and not _any(causes, TimeoutError):
        return Incomplete(f"the response from {host} broke off or was invalid", billed="unknown")
    if _any(causes, *_TIMEOUTS):
        return Transient(f"{host} sent no complete response before the deadline", code="deadline", billed="unknown")
    name = type(error).__name__
    return Transient(f"the connection to {host} failed ({name})", code="connection", billed="unknown")


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


def _any(errors: list[BaseException], *kinds: type[BaseException]) -> bool:
    return any(isinstance(error, kinds) for error in errors)
