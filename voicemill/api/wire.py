"""The one seam to httpx: a request goes out, a whole and bounded reply comes back.

The transport is used directly, without `httpx.AsyncClient`: that leaves out redirects, cookies, proxies from the
environment and content decoding, none of which a paid call with a key may do, and half of the CPU a call costs
(`benchmarks/client_cost.py`). aiohttp carries the bytes, for it serves three times the requests of httpx's own pool.
"""

import asyncio
import json
from collections.abc import Mapping
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self

import aiohttp
import httpx
from httpx_aiohttp import AiohttpTransport

from voicemill.api.failures import FOREIGN_ERRORS, failure, network_failure
from voicemill.config import ApiKey
from voicemill.errors import BadAnswer

_ERROR_BODY_BYTES = 64 * 1024
_IDLE_CONNECTION_S = 30.0


@dataclass(frozen=True, slots=True)
class Reply:
    """A whole answer; `framed`: HTTP itself gave its end (a length or chunks), not just a closed connection."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    framed: bool

    @property
    def request_id(self) -> str | None:
        """The service's own name for this request, where it gave one."""
        return self.headers.get("x-request-id") or self.headers.get("cartesia-request-id")

    def json(self) -> Any:  # noqa: ANN401 - whatever the service sent
        """The body as JSON. Raises `BadAnswer` where it is none."""
        try:
            return json.loads(self.body)
        except (ValueError, RecursionError):
            raise BadAnswer("the service answered with something that is no JSON", status=self.status) from None


class Wire:
    """Requests to one service, each with a total deadline and a cap on its body.

    Open it in the event loop that uses it, as an async context manager. Raises `CallError`s only.
    """

    def __init__(
        self,
        base_url: str,
        key: ApiKey,
        *,
        api_version: str,
        transport: httpx.AsyncBaseTransport | None = None,
        max_connections: int = 100,
        deadline_s: float = 120.0,
        max_body_bytes: int = 256 * 1024 * 1024,
    ) -> None:
        self._base = httpx.URL(base_url.rstrip("/") + "/")
        self._transport = transport or _network_transport(max_connections)
        self._deadline_s = deadline_s
        self._max_body_bytes = max_body_bytes
        self._key = key
        self._urls: dict[str, httpx.URL] = {}
        self._headers = [
            ("Host", self._base.netloc.decode()),
            ("Accept", "*/*"),
            ("Accept-Encoding", "identity"),
            ("User-Agent", "voicemill"),
            ("Cartesia-Version", api_version),
        ]

    @property
    def host(self) -> str:
        """The host that is asked, for messages."""
        return self._base.host

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._transport.aclose()

    async def get(self, path: str, query: Mapping[str, str] | None = None) -> Reply:
        """GET `path`, which is relative to the base URL."""
        url = self._base.join(path).copy_merge_params(dict(query or {}))
        return await self._send(httpx.Request("GET", url, headers=self._keyed()))

    async def post_json(self, path: str, content: Mapping[str, Any]) -> Reply:
        """POST `content` as JSON; the reply's body is whatever came back."""
        body = json.dumps(content).encode()
        about_body = (("Content-Type", "application/json"), ("Content-Length", str(len(body))))
        url = self._urls.get(path) or self._urls.setdefault(path, self._base.join(path))
        return await self._send(httpx.Request("POST", url, headers=self._keyed(*about_body), content=body))

    def _keyed(self, *more: tuple[str, str]) -> list[tuple[str, str]]:
        """All headers of a request; keep them out of local variables, for tracebacks may show those."""
        return [*self._headers, ("X-API-Key", self._key.reveal()), *more]

    def _without_key(self, body: bytes) -> bytes:
        """A reason without the key, which some services quote when they refuse it."""
        return body.replace(self._key.reveal().encode(), b"****")

    async def _send(self, request: httpx.Request) -> Reply:
        try:
            return await self._exchange(request)
        except FOREIGN_ERRORS as error:
            failed = network_failure(error, self.host)
        # Raised outside the handler: an error raised in it would carry the foreign one, and that one the key.
        raise failed

    async def _exchange(self, request: httpx.Request) -> Reply:
        async with asyncio.timeout(self._deadline_s):
            response = await self._transport.handle_async_request(request)
            try:
                return await self._receive(response)
            finally:
                await response.stream.aclose()  # type: ignore[union-attr]

    async def _receive(self, response: httpx.Response) -> Reply:
        headers = response.headers
        if response.status_code >= 300:
            body = self._without_key(await _read(response, _ERROR_BODY_BYTES, cut=True))
            raise failure(response.status_code, headers, body)
        if headers.get("content-encoding", "identity") != "identity":
            raise BadAnswer("the service compressed an answer that must not be compressed", status=response.status_code)
        body = await _read(response, self._max_body_bytes, cut=False)
        framed = "content-length" in headers or "transfer-encoding" in headers
        return Reply(response.status_code, headers, body, framed)


async def _read(response: httpx.Response, max_bytes: int, *, cut: bool) -> bytes:
    chunks: list[bytes] = []
    size = 0
    async for chunk in response.stream:  # type: ignore[union-attr]
        chunks.append(chunk)
        size += len(chunk)
        if size > max_bytes:
            if cut:
                break
            raise BadAnswer(f"the answer is larger than {max_bytes} bytes", status=response.status_code)
    return b"".join(chunks)[:max_bytes]


def _network_transport(max_connections: int) -> httpx.AsyncBaseTransport:
    def session() -> aiohttp.ClientSession:
        connector = aiohttp.TCPConnector(limit=max_connections, keepalive_timeout=_IDLE_CONNECTION_S)
        return aiohttp.ClientSession(
            connector=connector,
            cookie_jar=aiohttp.DummyCookieJar(),
            skip_auto_headers=("Content-Type", "User-Agent", "Accept", "Accept-Encoding"),
            trust_env=False,
        )

    return AiohttpTransport(client=session)


def in_process(app: Any) -> httpx.AsyncBaseTransport:  # noqa: ANN401 - an ASGI application
    """A transport that hands requests to an ASGI application in this process."""
    return httpx.ASGITransport(app=app, raise_app_exceptions=False)
