"""Connections to a service: aiohttp over the network, and any httpx transport, such as that of the embedded engine.

Over the network, requests go to aiohttp without httpx's request and response objects, which cost a third of the CPU
time of a call. aiohttp handles three times the requests of httpx's own connection pool (`benchmarks/throughput.py`).
"""

from collections.abc import AsyncIterator, Iterable
from typing import Final, Protocol

import aiohttp
import httpx

from voicemill.cartesia.request_body import Body

Headers = list[tuple[str, str]]

_IDLE_CONNECTION_S = 30.0
_CHUNK_BYTES = 256 * 1024
"""The most bytes of a response to read at once."""
_NO_TIMEOUT: Final = aiohttp.ClientTimeout(total=None)
"""`Transport` sets a deadline for each request."""


class Response(Protocol):
    """A response whose headers have arrived; `headers` have lower-case names."""

    @property
    def status(self) -> int:
        """The HTTP status."""

    @property
    def headers(self) -> dict[str, str]:
        """The headers by lower-case name; values of one name are joined."""

    def chunks(self) -> AsyncIterator[bytes]:
        """The body in chunks, as it arrives. Raises errors of the HTTP library."""

    async def close(self) -> None:
        """Release the connection; it is closed if the body was not read completely."""


class Connections(Protocol):
    """Sends requests to one service."""

    async def send(self, method: str, url: str, headers: Headers, body: Body) -> Response:
        """Send a request and wait for the headers of its response. Raises errors of the HTTP library."""

    async def close(self) -> None:
        """Close all connections."""


class NetworkConnections:
    """At most `max_connections` to a server. No redirects, cookies, proxies of the environment or decoding."""

    def __init__(self, max_connections: int) -> None:
        self._max_connections = max_connections
        self._session: aiohttp.ClientSession | None = None

    async def send(self, method: str, url: str, headers: Headers, body: Body) -> Response:
        """Send a request over a new or idle connection."""
        if self._session is None:
            self._session = self._new_session()
        if body.stream is not None:  # aiohttp itself adds this header to a body of unknown length
            headers = [header for header in headers if header[0] != "Transfer-Encoding"]
        return _NetworkResponse(
            await self._session.request(
                method,
                url,
                data=body.content if body.stream is None else body.stream,
                headers=headers,
                allow_redirects=False,
                timeout=_NO_TIMEOUT,
            )
        )

    async def close(self) -> None:
        """Close all connections."""
        if self._session is not None:
            await self._session.close()

    def _new_session(self) -> aiohttp.ClientSession:
        """A session of the running event loop."""
        return aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=self._max_connections, keepalive_timeout=_IDLE_CONNECTION_S),
            cookie_jar=aiohttp.DummyCookieJar(),
            skip_auto_headers=("Content-Type", "User-Agent", "Accept", "Accept-Encoding"),
            trust_env=False,
            auto_decompress=False,
        )


class _NetworkResponse:
    def __init__(self, response: aiohttp.ClientResponse) -> None:
        self._response = response
        self.status = response.status

    @property
    def headers(self) -> dict[str, str]:
        return _joined(self._response.raw_headers)

    def chunks(self) -> AsyncIterator[bytes]:
        return self._response.content.iter_chunked(_CHUNK_BYTES)

    async def close(self) -> None:
        self._response.release()
        await self._response.wait_for_close()


class HttpxConnections:
    """Sends requests through an httpx transport, without `httpx.AsyncClient` and its redirects and cookies."""

    def __init__(self, transport: httpx.AsyncBaseTransport) -> None:
        self._transport = transport

    async def send(self, method: str, url: str, headers: Headers, body: Body) -> Response:
        """Send a request through the transport."""
        return _HttpxResponse(await self._transport.handle_async_request(body.request(method, url, headers)))

    async def close(self) -> None:
        """Close the transport."""
        await self._transport.aclose()


class _HttpxResponse:
    def __init__(self, response: httpx.Response) -> None:
        self._response = response
        self.status = response.status_code

    @property
    def headers(self) -> dict[str, str]:
        return _joined(self._response.headers.raw)

    def chunks(self) -> AsyncIterator[bytes]:
        return aiter(self._response.stream)  # type: ignore[arg-type]

    async def close(self) -> None:
        await self._response.stream.aclose()  # type: ignore[union-attr]


def _joined(raw: Iterable[tuple[bytes, bytes]]) -> dict[str, str]:
    headers: dict[str, str] = {}
    for name, value in raw:
        key, text = name.decode("latin-1").lower(), value.decode("latin-1")
        headers[key] = f"{headers[key]}, {text}" if key in headers else text
    return headers


def in_process(app: object) -> httpx.AsyncBaseTransport:
    """A transport that calls an ASGI application in this process."""
    return httpx.ASGITransport(app=app, raise_app_exceptions=False)  # type: ignore[arg-type]
