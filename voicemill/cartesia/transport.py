"""The one seam to httpx: a request goes out, a whole and bounded reply comes back, or a stream of its bytes.

The transport is used directly, without `httpx.AsyncClient`: that leaves out redirects, cookies, proxies from the
environment and content decoding, none of which a paid call with a key may do, and half of the CPU a call costs.
aiohttp carries the bytes, for it serves three times the requests of httpx's own pool (`benchmarks/throughput.py`).
"""

import asyncio
import json
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar

import aiohttp
import httpx
from httpx_aiohttp import AiohttpTransport
from httpx_aiohttp.transport import AiohttpResponseStream

from voicemill.cartesia.error_mapping import FOREIGN_ERRORS, failure, network_failure
from voicemill.cartesia.request_body import Body, Form, opened
from voicemill.config import AccessToken, ApiKey
from voicemill.errors import BadAnswer, CallError, Transient

_ERROR_BODY_BYTES = 64 * 1024
_IDLE_CONNECTION_S = 30.0
_LONGEST_GOODBYE_S = 5.0
_MOST_URLS = 100
_LEAST_BYTES = 1024

AiohttpResponseStream.CHUNK_SIZE = (
    256 * 1024
)  # whatever has come: its own 16 kB cut an answer into more pieces than came

T = TypeVar("T")
Query = Sequence[tuple[str, str]]
Content = Mapping[str, Any] | Form | None
"""The body of a question: JSON, a form, or nothing."""


@dataclass(frozen=True, slots=True)
class Reply:
    """A whole answer, its header names in small letters.

    `framed`: HTTP itself gave its end (a length or chunks), not just a closed connection.
    """

    status: int
    headers: Mapping[str, str]
    body: bytes = field(repr=False)
    framed: bool

    @property
    def request_id(self) -> str | None:
        """The service's own name for this request, where it gave one."""
        return self.headers.get("x-request-id") or self.headers.get("cartesia-request-id")

    def json(self) -> Any:  # noqa: ANN401 - whatever the service sent
        """The body as JSON. Raises `BadAnswer` when it is not JSON."""
        return json_of(self.body, self.status)

    def write_to_file(self, path: str | Path) -> None:
        """Write the body to a file, replacing what is there. Raises `OSError`."""
        Path(path).write_bytes(self.body)


def json_of(body: bytes, status: int | None = None) -> Any:  # noqa: ANN401 - whatever the service sent
    """A body as JSON. Raises `BadAnswer` where it is none."""
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        pass  # raised below: the error of `json` holds the whole body
    raise BadAnswer("the service answered with something that is no JSON", status=status)


class Transport:
    """Requests to one service, each with a total deadline and a cap on its body, which may not stall for `stall_s`.

    `key` is an API key or an access token. Open it in the event loop that uses it, as an async context manager. Raises
    `CallError`s only.
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
        stall_s: float = 10.0,
        max_body_bytes: int = 256 * 1024 * 1024,
    ) -> None:
        self._base = httpx.URL(base_url.rstrip("/") + "/")
        self._transport = transport or _network_transport(max_connections)
        self._deadline_s = deadline_s
        self._stall_s = stall_s
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

    async def ask(
        self, method: str, path: str, content: Content = None, *, query: Query = (), deadline_s: float | None = None
    ) -> Reply:
        """Send one question and take its whole answer. `path` is relative to the base URL.

        `deadline_s` is for the whole of it, upload and answer; None is the wire's own.
        """
        until = self._until(deadline_s)
        async with opened(content) as body:
            return await self._guarded(self._exchange(method, self._url(path, query), body), until, body)

    @asynccontextmanager
    async def stream(
        self, method: str, path: str, content: Content = None, *, deadline_s: float | None = None
    ) -> AsyncIterator["Stream"]:
        """Send one question and take its answer as it comes; leaving the context closes the connection.

        `deadline_s` is for the whole stream, what its reader does in between included.
        """
        until = self._until(deadline_s)
        async with opened(content) as body:
            response = await self._guarded(self._send(method, self._url(path, ()), body), until, body)
            try:
                await self._guarded(self._check(response), until, body)
                yield Stream(self, response, until)
            finally:
                with suppress(*FOREIGN_ERRORS):
                    async with asyncio.timeout(_LONGEST_GOODBYE_S):
                        await response.stream.aclose()  # type: ignore[union-attr]

    def failure(self, status: int, headers: Mapping[str, str], body: bytes) -> CallError:
        """The error that an answer means."""
        return failure(status, headers, self.masked(body))

    def masked(self, said: bytes) -> bytes:
        """What a service says, without the key, which some quote when they refuse it."""
        return said.replace(self._key.reveal().encode(), b"****")

    def _until(self, deadline_s: float | None) -> float:
        return asyncio.get_running_loop().time() + (self._deadline_s if deadline_s is None else deadline_s)

    def _url(self, path: str, query: Query) -> httpx.URL:
        url = self._urls.get(path) or self._base.join(path)
        if len(self._urls) < _MOST_URLS:
            self._urls[path] = url
        return url.copy_merge_params(list(query)) if query else url

    def _keyed(self, more: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
        """All headers of a request; keep them out of local variables, for tracebacks may show those."""
        return [*self._headers, self._credential(), *more]

    def _credential(self) -> tuple[str, str]:
        if isinstance(self._key, AccessToken):
            return "Authorization", f"Bearer {self._key.reveal()}"
        return "X-API-Key", self._key.reveal()

    async def _guarded(self, work: Awaitable[T], until: float, body: Body | None = None) -> T:
        """The result of `work` before the deadline; raises `CallError`s only."""
        try:
            async with asyncio.timeout_at(until):
                return await work
        except FOREIGN_ERRORS as error:
            failed = network_failure(error, self.host)
        except CallError as error:
            failed = error
        # Raised outside the handler: an error raised in it would carry the foreign one, and that one the key.
        if body is not None and body.failure is not None:
            failed = body.failure
        raise failed

    async def _send(self, method: str, url: httpx.URL, body: Body) -> httpx.Response:
        return await self._transport.handle_async_request(body.request(method, url, self._keyed(body.headers)))

    async def _exchange(self, method: str, url: httpx.URL, body: Body) -> Reply:
        response = await self._send(method, url, body)
        try:
            return await self._receive(response)
        finally:
            await response.stream.aclose()  # type: ignore[union-attr]

    async def _receive(self, response: httpx.Response) -> Reply:
        headers = await self._check(response)
        body = await _read(response, self._max_body_bytes, self._stall_s, cut=False)
        framed = "content-length" in headers or "transfer-encoding" in headers
        return Reply(response.status_code, headers, body, framed)

    async def _check(self, response: httpx.Response) -> dict[str, str]:
        """The headers of a good answer, as a plain dictionary: httpx decodes all of them to look at one."""
        status, headers = response.status_code, dict(response.headers.items())
        if status >= 300:
            raise self.failure(status, headers, await _read(response, _ERROR_BODY_BYTES, self._stall_s, cut=True))
        if headers.get("content-encoding", "identity") != "identity":
            raise BadAnswer("the service compressed an answer that must not be compressed", status=status)
        return headers


class Stream:
    """An answer that is still coming in."""

    def __init__(self, wire: Transport, response: httpx.Response, until: float) -> None:
        self._wire = wire
        self._response = response
        self._until = until

    async def pieces(self) -> AsyncGenerator[bytes, None]:
        """The body, piece by piece. Raises `CallError`s: past the deadline, over the cap, broken off."""
        source = aiter(self._response.stream)  # type: ignore[arg-type]
        size = 0
        while (piece := await self._wire._guarded(anext(source, None), self._until)) is not None:
            size += len(piece)
            if size > self._wire._max_body_bytes:
                raise _too_large(self._wire._max_body_bytes, self._response.status_code)
            yield piece

    def masked(self, said: bytes) -> bytes:
        """Something said within the stream, without the key."""
        return self._wire.masked(said)

    def failure(self, status: int, said: bytes) -> CallError:
        """The error that something said within the stream means."""
        return self._wire.failure(status, self._response.headers, said)


async def _read(response: httpx.Response, max_bytes: int, stall_s: float, *, cut: bool) -> bytes:
    """The body. One that comes by less than a kilobyte in `stall_s` counts as stalled: the answer is ready by then, for
    its head was sent, and who waits for the rest of it only holds a slot."""
    try:
        async with asyncio.timeout(stall_s) as patience:
            return await _read_on(response, max_bytes, patience, stall_s, cut=cut)
    except TimeoutError:
        pass  # raised below, without what it happened in
    raise Transient(
        f"the answer began and stalled: less than {_LEAST_BYTES} bytes in {stall_s:g} s",
        code="deadline",
        billed="unknown",
    )


async def _read_on(
    response: httpx.Response, max_bytes: int, patience: asyncio.Timeout, stall_s: float, *, cut: bool
) -> bytes:
    chunks: list[bytes] = []
    size = fresh = 0
    async for chunk in response.stream:  # type: ignore[union-attr]
        chunks.append(chunk)
        size += len(chunk)
        fresh += len(chunk)
        if fresh >= _LEAST_BYTES:
            fresh = 0
            patience.reschedule(asyncio.get_running_loop().time() + stall_s)
        if size > max_bytes:
            if cut:
                break
            raise _too_large(max_bytes, response.status_code)
    return b"".join(chunks)[:max_bytes]


def _too_large(max_bytes: int, status: int) -> BadAnswer:
    return BadAnswer(f"the answer is larger than {max_bytes} bytes", status=status)


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
