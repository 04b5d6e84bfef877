"""What went wrong, from status and machine code: the one border where foreign errors become ours.

Sources: docs.cartesia.ai (errors: plain text `Title: Message` before version 2026-03-01, JSON with `error_code`,
`title`, `message`, `request_id` from then on), RFC 9110 section 10.2.3 (Retry-After).
"""

import json
import math
import re
import ssl
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

import aiohttp
import httpx

from voicemill.errors import (
    AuthRefused,
    CallError,
    Incomplete,
    QuotaExhausted,
    Refused,
    Throttled,
    Transient,
)

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]+")
_LONGEST_MESSAGE = 300

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
    """The error for an answer that is no success; `body` may be cut."""
    code, text, request_id = _said(body)
    kind = _BY_STATUS.get(status) or (Transient if status >= 500 else Refused)
    if 300 <= status < 400:
        text = "the service answered with a redirect, which is never followed; check CARTESIA_BASE_URL"
    message = f"{text or 'no reason given'} (HTTP {status})"
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
        return f"the service refused the key: {message}; check CARTESIA_API_KEY"
    if kind is QuotaExhausted:
        return f"the account has no credits left: {message}; top it up, then run the same command again"
    return message


def _said(body: bytes) -> tuple[str | None, str, str | None]:
    try:
        said = json.loads(body)
    except ValueError:
        return None, _plain(body.decode("utf-8", "replace")), None
    if not isinstance(said, dict):
        return None, _plain(str(said)), None
    parts = [str(said[key]) for key in ("title", "message", "error", "detail") if said.get(key)]
    code = said.get("error_code")
    request_id = said.get("request_id")
    return (
        _plain(str(code)) if code else None,
        _plain(": ".join(parts)),
        _plain(str(request_id)) if request_id else None,
    )


def _plain(text: str) -> str:
    return _CONTROL.sub(" ", text).strip()[:_LONGEST_MESSAGE]


def retry_after_s(headers: Mapping[str, str], *, now: datetime | None = None) -> float | None:
    """The wait that `retry-after-ms` or `Retry-After` asks for, in seconds and never negative; None for garbage."""
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
    try:
        number = float(value or "")
    except ValueError:
        return None
    return max(0.0, number) if math.isfinite(number) else None


@contextmanager
def network_failures(host: str) -> Iterator[None]:
    """Map what httpx, its transport and the operating system raise to our tree; no foreign text that may hold a key."""
    try:
        yield
    except CallError:
        raise
    except TimeoutError as error:
        raise Transient(f"{host} gave no whole answer in time", code="deadline", billed="unknown") from error
    except httpx.TimeoutException as error:
        raise Transient(f"{host} did not answer in time", code="timeout", billed="unknown") from error
    except httpx.ConnectError as error:
        raise _unreachable(host, error) from None
    except (httpx.ReadError, httpx.RemoteProtocolError) as error:
        raise Incomplete(f"the answer from {host} broke off", billed="unknown") from error
    except (httpx.HTTPError, aiohttp.ClientError, OSError, ValueError) as error:
        raise Transient(
            f"the connection to {host} failed ({type(error).__name__})", code="connection", billed="unknown"
        ) from error


def _unreachable(host: str, error: httpx.ConnectError) -> CallError:
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, (ssl.SSLCertVerificationError, aiohttp.ClientConnectorCertificateError)):
            return AuthRefused(f"the certificate of {host} does not hold; nothing was sent", code="certificate")
        cause = cause.__cause__ or cause.__context__
    return Transient(f"{host} cannot be reached; check the network and CARTESIA_BASE_URL", code="unreachable")
