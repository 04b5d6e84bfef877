"""HTTP requests to the service: each returns a complete response of bounded size, or a stream of it.

There are no redirects, cookies, proxies from the environment and content decoding, which must not happen to a billed
call with a key. `cartesia/connections.py` sends the requests.
"""

import asyncio
import json
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar

import httpx

from voicemill.cartesia.connections import Connections, HttpxConnections, NetworkConnections, Response
from voicemill.cartesia.error_mapping import FOREIGN_ERRORS, failure, network_failure
from voicemill.cartesia.request_body import Body, Form, open_body
from voicemill.config import AccessToken, ApiKey
from voicemill.errors import BadAnswer, CallError, Transient

_ERROR_BODY_BYTES = 64 * 1024
_CLOSE_TIMEOUT_S = 5.0
_MAX_URLS = 100
_MIN_BYTES = 1024

T = TypeVar("T")
Query = Sequence[tuple[str, str]]
Headers = Sequence[tuple[str, str]]
Content = Mapping[str, Any] | Form | None
"""The body of a request: JSON, a form, or none."""


@dataclass(frozen=True, slots=True)
class Reply:
    """A complete response: `status`, `headers` with lower-case names, and `body`.

    `framed`: the end of the body was marked by HTTP, by a length or by chunks, not only by a closed connection.
    """

    status: int
    headers: Mapping[str, str]
    body: bytes = field(repr=False)
    framed: bool

    @property
    def request_id(self) -> str | None:
        """The id of the request at the service, None if there is none."""
        return self.headers.get("x-request-id") or self.headers.get("cartesia-request-id")

    def json(self) -> Any:  # noqa: ANN401 - whatever the service sent
        """The body as JSON. Raises `BadAnswer` when it is not JSON."""
        return json_of(self.body, self.status)

    def write_to_file(self, path: str | Path) -> None:
        """Write the body to a file, replacing what is there. Raises `OSError`."""
        Path(path).write_bytes(self.body)


def json_of(body: bytes, status: int | None = None) -> Any:  # noqa: ANN401 - whatever the service sent
    """Parse a body as JSON. Raises `BadAnswer`."""
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        pass  # raised below, because the error of `json` holds the whole body
    raise BadAnswer("the response is not valid JSON", status=status)


class Transport:
    """Sends requests to one service. Use it as an async context manager, in the event loop that uses it.

    `key` is an API key or an access token. A request, upload and response included, must end within `deadline_s`; a
    response may not stall for `stall_s` nor exceed `max_body_bytes`. With `has_deadlines` off, requests may take any
    time: the service ends those that make no progress. Raises only `CallError`.
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
        has_deadlines: bool = True,
    ) -> None:
        self._base = httpx.URL(base_url.rstrip("/") + "/")
        self._connections: Connections = (
            NetworkConnections(max_connections) if transport is None else HttpxConnections(transport)
        )
        self._deadline_s = deadline_s
        self._stall_s = stall_s
        self._max_body_bytes = max_body_bytes
        self._has_deadlines = has_deadlines
        self._key = key
        self._urls: dict[str, str] = {}
        self._headers = [
            ("Host", self._base.netloc.decode()),
            ("Accept", "*/*"),
            ("Accept-Encoding", "identity"),
            ("User-Agent", "voicemill"),
            ("Cartesia-Version", api_version),
        ]

    @property
    def host(self) -> str:
        """The host of the service, for messages."""
        return self._base.host

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._connections.close()

    async def send(
        self,
        method: str,
        path: str,
        content: Content = None,
        *,
        query: Query = (),
        headers: Headers = (),
        deadline_s: float | None = None,
    ) -> Reply:
        """Send a request and return the complete response. `path` is relative to the base URL.

        `headers` are added to those of the transport. `deadline_s` applies to upload and response together; None means
        that of the transport.
        """
        until = self._until(deadline_s)
        async with open_body(content) as body:
            body.headers += tuple(headers)
            return await self._before_deadline(self._exchange(method, self._url(path, query), body), until, body)

    @asynccontextmanager
    async def stream(
        self,
        method: str,
        path: str,
        content: Content = None,
        *,
        headers: Headers = (),
        deadline_s: float | None = None,
    ) -> AsyncIterator["Stream"]:
        """Send a request and stream the response; leaving the context closes the connection.

        `deadline_s` applies to the whole stream, including the time that its consumer takes.
        """
        until = self._until(deadline_s)
        async with open_body(content) as body:
            body.headers += tuple(headers)
            response = await self._before_deadline(self._send(method, self._url(path, ()), body), until, body)
            try:
                await self._before_deadline(self._check(response), until, body)
                yield Stream(self, response, until)
            finally:
                with suppress(*FOREIGN_ERRORS):
                    async with asyncio.timeout(_CLOSE_TIMEOUT_S):
                        await response.close()

    def failure(self, status: int, headers: Mapping[str, str], body: bytes) -> CallError:
        """The error for a response without success."""
        return failure(status, headers, self.mask(body))

    def mask(self, text: bytes) -> bytes:
        """Text of a service without the key, which some services quote when they reject it."""
        return text.replace(self._key.reveal().encode(), b"****")

    def _until(self, deadline_s: float | None) -> float | None:
        if not self._has_deadlines:
            return None
        return asyncio.get_running_loop().time() + (self._deadline_s if deadline_s is None else deadline_s)

    def _url(self, path: str, query: Query) -> str:
        if query:
            return str(self._base.join(path).copy_merge_params(list(query)))
        url = self._urls.get(path) or str(self._base.join(path))
        if len(self._urls) < _MAX_URLS:
            self._urls[path] = url
        return url

    def _with_key(self, more: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
        """All headers of a request. Keep them out of local variables: tracebacks may show those."""
        return [*self._headers, self._credential(), *more]

    def _credential(self) -> tuple[str, str]:
        if isinstance(self._key, AccessToken):
            return "Authorization", f"Bearer {self._key.reveal()}"
        return "X-API-Key", self._key.reveal()

    async def _before_deadline(self, work: Awaitable[T], until: float | None, body: Body | None = None) -> T:
        """The result of `work`, if it ends before the deadline. Raises only `CallError`."""
        try:
            async with asyncio.timeout_at(until):
                return await work
        except FOREIGN_ERRORS as error:
            failed = network_failure(error, self.host)
        except CallError as error:
            failed = error
        # Raised outside the handler: inside, it would refer to the original error, which holds the key.
        if body is not None and body.failure is not None:
            failed = body.failure
        raise failed

    async def _send(self, method: str, url: str, body: Body) -> Response:
        return await self._connections.send(method, url, self._with_key(body.headers), body)

    async def _exchange(self, method: str, url: str, body: Body) -> Reply:
        response = await self._send(method, url, body)
        try:
            return await self._receive(response)
        finally:
            await response.close()

    async def _receive(self, response: Response) -> Reply:
        headers = await self._check(response)
        body = await _read(response, self._max_body_bytes, self._stall_s, truncate=False)
        framed = "content-length" in headers or "transfer-encoding" in headers
        return Reply(response.status, headers, body, framed)

    async def _check(self, response: Response) -> dict[str, str]:
        """The headers of a successful response as a dictionary."""
        status, headers = response.status, response.headers
        if status >= 300:
            raise self.failure(status, headers, await _read(response, _ERROR_BODY_BYTES, self._stall_s, truncate=True))
        if headers.get("content-encoding", "identity") != "identity":
            raise BadAnswer("the response is compressed although compression was not requested", status=status)
        return headers


class Stream:
    """A response that is being received."""

    def __init__(self, transport: Transport, response: Response, until: float | None) -> None:
        self._transport = transport
        self._response = response
        self._until = until

    async def chunks(self) -> AsyncGenerator[bytes, None]:
        """The body in chunks. Raises `CallError`: past the deadline, too large, broken off."""
        source = self._response.chunks()
        size = 0
        while (chunk := await self._transport._before_deadline(anext(source, None), self._until)) is not None:
            size += len(chunk)
            if size > self._transport._max_body_bytes:
                raise _too_large(self._transport._max_body_bytes, self._response.status)
            yield chunk

    def mask(self, text: bytes) -> bytes:
        """Text of the stream without the key."""
        return self._transport.mask(text)

    def failure(self, status: int, body: bytes) -> CallError:
        """The error for an error event."""
        return self._transport.failure(status, self._response.headers, body)


async def _read(response: Response, max_bytes: int, stall_s: float, *, truncate: bool) -> bytes:
    """The body. It has stalled if less than a kilobyte arrives within `stall_s`: the headers show that the response is
    ready, and waiting longer would only occupy a slot."""
    try:
        async with asyncio.timeout(stall_s) as stall_timeout:
            return await _read_chunks(response, max_bytes, stall_timeout, stall_s, truncate=truncate)
    except TimeoutError:
        pass  # raised below, without the context of the original error
    raise Transient(
        f"the response stalled: less than {_MIN_BYTES} bytes in {stall_s:g} s",
        code="deadline",
        billed="unknown",
    )


async def _read_chunks(
    response: Response, max_bytes: int, stall_timeout: asyncio.Timeout, stall_s: float, *, truncate: bool
) -> bytes:
    chunks: list[bytes] = []
    size = since_reset = 0
    async for chunk in response.chunks():
        chunks.append(chunk)
        size += len(chunk)
        since_reset += len(chunk)
        if since_reset >= _MIN_BYTES:
            since_reset = 0
            stall_timeout.reschedule(asyncio.get_running_loop().time() + stall_s)
        if size > max_bytes:
            if truncate:
                break
            raise _too_large(max_bytes, response.status)
    return b"".join(chunks)[:max_bytes]


def _too_large(max_bytes: int, status: int) -> BadAnswer:
    return BadAnswer(f"the response is larger than {max_bytes} bytes", status=status)
