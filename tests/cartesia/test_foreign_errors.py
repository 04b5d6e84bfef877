"""Mapping of every exception of the HTTP libraries, found by reflection, to an error of voicemill."""

import asyncio
import socket
import ssl
from typing import Any

import aiohttp
import httpx
import pytest

from tests.cartesia.sending import KEY, Raising, cartesia, send
from voicemill.errors import AuthRefused, CallError, Incomplete, Transient


def subclasses(root: type[BaseException]) -> list[type[BaseException]]:
    """`root` and all its direct and indirect subclasses."""
    return [root, *(below for child in root.__subclasses__() for below in subclasses(child))]


HTTPX = [kind for kind in vars(httpx).values() if isinstance(kind, type) and issubclass(kind, Exception)]
AIOHTTP = [
    *subclasses(aiohttp.ClientError),
    *subclasses(aiohttp.http_exceptions.HttpProcessingError),
    *subclasses(aiohttp.http_exceptions.PayloadEncodingError),
]
SYSTEM = [
    OSError, ConnectionError, ConnectionRefusedError, ConnectionResetError, ConnectionAbortedError, BrokenPipeError,
    TimeoutError, socket.gaierror, socket.herror, ssl.SSLError, ssl.SSLEOFError, ssl.SSLCertVerificationError,
    asyncio.IncompleteReadError, UnicodeDecodeError, ValueError,
]  # fmt: skip
FOREIGN = sorted({*HTTPX, *AIOHTTP, *SYSTEM}, key=lambda kind: f"{kind.__module__}.{kind.__name__}")


def instance(kind: type[BaseException]) -> BaseException:
    """An instance of any exception class, created without its constructor, with the key in its arguments."""
    error = kind.__new__(kind)
    error.args = (f"X-API-Key: {KEY}",)
    return error


async def what_becomes_of(error: BaseException, *, in_body: bool = False) -> CallError:
    """The error that the client raises for `error`."""
    async with cartesia(transport=Raising(error, in_body=in_body)) as service:
        with pytest.raises(CallError) as caught:
            await send(service)
    return caught.value


def test_reflection_finds_the_exceptions_of_the_libraries() -> None:
    """The lists below contain the known exceptions."""
    assert {httpx.ReadTimeout, httpx.InvalidURL, httpx.CookieConflict, httpx.StreamClosed} <= set(HTTPX)
    assert {aiohttp.ServerDisconnectedError, aiohttp.ClientConnectorDNSError, aiohttp.TooManyRedirects} <= set(AIOHTTP)


@pytest.mark.parametrize("in_body", [False, True], ids=["at once", "in the body"])
@pytest.mark.parametrize("kind", FOREIGN, ids=lambda kind: f"{kind.__module__}.{kind.__name__}")
async def test_all_foreign_exceptions_are_mapped(kind: type[BaseException], *, in_body: bool) -> None:
    """Each becomes a `CallError` that is retryable or fatal, without a reference to the original."""
    error = await what_becomes_of(instance(kind), in_body=in_body)
    assert error.retryable or isinstance(error, AuthRefused)
    assert error.__cause__ is None
    assert error.__context__ is None
    assert KEY not in f"{error!r} {error}"


@pytest.mark.parametrize(
    ("kind", "expected", "code"),
    [
        (httpx.ReadTimeout, Transient, "deadline"),
        (httpx.ConnectTimeout, Transient, "deadline"),
        (aiohttp.SocketTimeoutError, Transient, "deadline"),
        (TimeoutError, Transient, "deadline"),
        (httpx.ConnectError, Transient, "unreachable"),
        (aiohttp.ClientConnectorDNSError, Transient, "unreachable"),
        (aiohttp.ClientConnectorSSLError, Transient, "unreachable"),
        (httpx.ReadError, Incomplete, "incomplete"),
        (httpx.RemoteProtocolError, Incomplete, "incomplete"),
        (aiohttp.ClientPayloadError, Incomplete, "incomplete"),
        (aiohttp.ServerDisconnectedError, Incomplete, "incomplete"),
        (aiohttp.ClientOSError, Incomplete, "incomplete"),
        (aiohttp.ClientConnectorCertificateError, AuthRefused, "certificate"),
        (ssl.SSLCertVerificationError, AuthRefused, "certificate"),
        (httpx.PoolTimeout, Transient, "deadline"),
        (aiohttp.ClientResponseError, Incomplete, "incomplete"),
        (httpx.InvalidURL, Transient, "connection"),
    ],
)
async def test_network_errors_are_distinguished(
    kind: type[BaseException], expected: type[CallError], code: str
) -> None:
    """Timeouts, failed connections, broken responses and untrusted certificates have different errors."""
    error = await what_becomes_of(instance(kind))
    assert (type(error), error.code) == (expected, code)


@pytest.mark.parametrize(
    ("cause", "code"),
    [
        (ConnectionRefusedError, "unreachable"),
        (aiohttp.ServerDisconnectedError, "incomplete"),
        (ssl.SSLCertVerificationError, "certificate"),
        (TimeoutError, "deadline"),
    ],
)
async def test_cause_of_a_connect_timeout_is_used(cause: type[BaseException], code: str) -> None:
    """The transport maps every lost connection to ConnectTimeout; its cause determines the error."""
    blurred = httpx.ConnectTimeout("blurred")
    blurred.__cause__ = instance(aiohttp.ClientConnectorDNSError if cause is ConnectionRefusedError else cause)
    assert (await what_becomes_of(blurred)).code == code


@pytest.mark.parametrize("mistake", [TypeError("ours"), AssertionError("ours"), asyncio.CancelledError()], ids=repr)
async def test_other_exceptions_are_not_mapped(mistake: Any) -> None:
    """A programming error is not retried as a network error, and a cancelled call stays cancelled."""
    async with cartesia(transport=Raising(mistake)) as service:
        with pytest.raises(type(mistake)):
            await send(service)
