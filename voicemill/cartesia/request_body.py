"""Bodies of requests: JSON, and multipart forms whose files are read from disk while they are sent.

httpx writes the multipart format; what is added here is that a file is opened, sized and read beside the event loop,
and that a file which cannot be read, or which changes meanwhile, is told apart from a broken connection.
"""

import asyncio
import io
import json
import os
import stat
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any, BinaryIO

import httpx

from voicemill.errors import Refused

Upload = Path | bytes | BinaryIO
"""An audio file to send: its path, its content, or an open binary file, which stays open."""

_PIECES_AT_ONCE = 16
_OCTETS = "application/octet-stream"
_ANY_URL = "http://form.invalid"


@dataclass(frozen=True, slots=True)
class Form:
    """A multipart form: `fields` in order, names may repeat; `files` by name, each streamed when it is sent."""

    fields: Sequence[tuple[str, str]]
    files: Mapping[str, Upload]


@dataclass(slots=True)
class Body:
    """What is sent after the headers. `failure`: why a file could not be sent whole, once that is known."""

    headers: tuple[tuple[str, str], ...] = ()
    content: bytes | None = None
    stream: "_Encoded | None" = None

    @property
    def failure(self) -> Refused | None:
        """What is wrong with a file that was to be sent."""
        return self.stream.failure if self.stream else None

    def request(self, method: str, url: httpx.URL, headers: list[tuple[str, str]]) -> httpx.Request:
        """The request with this body and these headers."""
        if self.stream is not None:
            return httpx.Request(method, url, headers=headers, stream=self.stream)
        if self.content is None:
            return httpx.Request(method, url, headers=headers)
        # As a stream, for `headers` are all there: httpx would look for each of them and for a way to encode.
        request = httpx.Request(method, url, headers=headers, stream=httpx.ByteStream(self.content))
        request.read()
        return request


@asynccontextmanager
async def opened(content: Mapping[str, Any] | Form | None) -> AsyncIterator[Body]:
    """The body of `content`; its files are open while the context lasts.

    Raises `Refused` (code `unreadable_file`) for a file that cannot be opened.
    """
    if content is None:
        yield Body()
    elif isinstance(content, Form):
        async with AsyncExitStack() as stack:
            files = [(name, await _file(upload, stack)) for name, upload in content.files.items()]
            yield _form_body(content.fields, files)
    else:
        body = json.dumps(content).encode()
        yield Body((("Content-Type", "application/json"), ("Content-Length", str(len(body)))), body)


def _form_body(fields: Sequence[tuple[str, str]], files: list[tuple[str, tuple[str, Any, str]]]) -> Body:
    data: dict[str, list[str]] = {}
    for name, value in fields:
        data.setdefault(name, []).append(value)
    encoded = httpx.Request("POST", _ANY_URL, data=data, files=files)
    assert isinstance(encoded.stream, httpx.SyncByteStream)
    names = ("Content-Type", "Content-Length", "Transfer-Encoding")
    headers = tuple((name, encoded.headers[name]) for name in names if name in encoded.headers)
    return Body(headers, stream=_Encoded(iter(encoded.stream)))


async def _file(upload: Upload, stack: AsyncExitStack) -> tuple[str, Any, str]:
    """A file as httpx takes it: its name there, what to read, its type, which the service finds out by itself."""
    if not isinstance(upload, Path):
        return "audio", upload, _OCTETS
    try:
        file = await asyncio.to_thread(upload.open, "rb")
        stack.push_async_callback(asyncio.to_thread, file.close)
        about = await asyncio.to_thread(os.fstat, file.fileno())
    except (OSError, ValueError) as error:
        failed = _unreadable(upload, error)
    else:
        is_sized = stat.S_ISREG(about.st_mode)
        return (
            f"audio{upload.suffix}",
            _Sized(upload, file, about.st_size) if is_sized else _Pipe(upload, file),
            _OCTETS,
        )
    raise failed


def _unreadable(path: Path, error: OSError | ValueError) -> Refused:
    why = (error.strerror if isinstance(error, OSError) else None) or str(error)
    return Refused(f"{path} cannot be read: {why}; nothing was asked", code="unreadable_file")


class _Pipe:
    """A file whose length nobody knows, such as a pipe."""

    def __init__(self, path: Path, file: BinaryIO) -> None:
        self._path = path
        self._file = file

    def read(self, size: int) -> bytes:
        try:
            return self._file.read(size)
        except OSError as error:
            failed = _unreadable(self._path, error)
        raise failed


@dataclass(slots=True)
class _Sized:
    """A file as long as it was when it was opened: its length has been announced by the time it is read."""

    path: Path
    file: BinaryIO
    size: int
    _position: int = field(default=0, init=False)

    def tell(self) -> int:
        return self._position

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        self._position = self.file.seek(self.size + offset if whence == io.SEEK_END else offset)
        return self._position

    def read(self, size: int) -> bytes:
        wanted = min(size, self.size - self._position)
        piece = _Pipe(self.path, self.file).read(wanted)
        if len(piece) < wanted:
            raise Refused(f"{self.path} was cut short while it was sent; send it again", code="unreadable_file")
        self._position += len(piece)
        return piece


class _Encoded(httpx.AsyncByteStream):
    """The pieces of a form, made in threads: reading a file holds up no other call."""

    def __init__(self, pieces: Iterator[bytes]) -> None:
        self._pieces = pieces
        self.failure: Refused | None = None

    async def __aiter__(self) -> AsyncIterator[bytes]:
        while piece := await asyncio.to_thread(self._next):
            yield piece

    def _next(self) -> bytes:
        try:
            return b"".join(islice(self._pieces, _PIECES_AT_ONCE))
        except Refused as error:
            self.failure = error
            raise
