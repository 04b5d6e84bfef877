"""Request bodies: JSON, and multipart forms whose files are read from disk while they are sent.

httpx encodes the form. This module opens and reads files in threads, and distinguishes a file that cannot be read, or
that changes during the upload, from a broken connection.
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
from voicemill.model.audio_formats import AudioFormat

Upload = Path | bytes | BinaryIO
"""An audio file to upload: its path, its content, or an open binary file, which is not closed."""

_CHUNKS_PER_READ = 16
_OCTET_STREAM = "application/octet-stream"
_ANY_URL = "http://form.invalid"


def output_format(audio_format: AudioFormat) -> dict[str, object]:
    """The `output_format` of a JSON request; each container has its own fields."""
    fields: dict[str, object] = {"container": audio_format.container, "sample_rate": audio_format.sample_rate_hz}
    if audio_format.encoding:
        fields["encoding"] = audio_format.encoding
    if audio_format.bit_rate_bps:
        fields["bit_rate"] = audio_format.bit_rate_bps
    return fields


def format_fields(audio_format: AudioFormat) -> list[tuple[str, str]]:
    """The `output_format` of a form."""
    return [(f"output_format[{name}]", str(value)) for name, value in output_format(audio_format).items()]


@dataclass(frozen=True, slots=True)
class Form:
    """A multipart form: `fields` in order, whose names may repeat, and `files` by name."""

    fields: Sequence[tuple[str, str]]
    files: Mapping[str, Upload]


@dataclass(slots=True)
class Body:
    """The body of a request and the headers that describe it."""

    headers: tuple[tuple[str, str], ...] = ()
    content: bytes | None = None
    stream: "_Encoded | None" = None

    @property
    def failure(self) -> Refused | None:
        """The error of a file that could not be sent completely."""
        return self.stream.failure if self.stream else None

    def request(self, method: str, url: str, headers: list[tuple[str, str]]) -> httpx.Request:
        """The request with this body and these headers."""
        if self.stream is not None:
            return httpx.Request(method, url, headers=headers, stream=self.stream)
        if self.content is None:
            return httpx.Request(method, url, headers=headers)
        # As a stream, because `headers` is complete: otherwise httpx would search it and choose an encoding.
        request = httpx.Request(method, url, headers=headers, stream=httpx.ByteStream(self.content))
        request.headers.encoding = "ascii"  # httpx would decode each header once more to find out
        request.read()
        return request


@asynccontextmanager
async def open_body(content: Mapping[str, Any] | Form | None) -> AsyncIterator[Body]:
    """The body for `content`; its files are open within the context.

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
    """The file as httpx takes it: name, file object and type. The service detects the real type."""
    if not isinstance(upload, Path):
        return "audio", upload, _OCTET_STREAM
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
            _OCTET_STREAM,
        )
    raise failed


def _unreadable(path: Path, error: OSError | ValueError) -> Refused:
    why = (error.strerror if isinstance(error, OSError) else None) or str(error)
    return Refused(f"{path} cannot be read: {why}; no request was sent", code="unreadable_file")


class _Pipe:
    """A file of unknown length, such as a pipe."""

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
    """A regular file, read up to the length it had when it was opened: that length is in the headers."""

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
        count = min(size, self.size - self._position)
        chunk = _Pipe(self.path, self.file).read(count)
        if len(chunk) < count:
            raise Refused(f"{self.path} became shorter while it was sent; try again", code="unreadable_file")
        self._position += len(chunk)
        return chunk


class _Encoded(httpx.AsyncByteStream):
    """The encoded form, read in threads so that reading a file does not block other calls."""

    def __init__(self, chunks: Iterator[bytes]) -> None:
        self._chunks = chunks
        self.failure: Refused | None = None

    async def __aiter__(self) -> AsyncIterator[bytes]:
        while chunk := await asyncio.to_thread(self._next):
            yield chunk

    def _next(self) -> bytes:
        try:
            return b"".join(islice(self._chunks, _CHUNKS_PER_READ))
        except Refused as error:
            self.failure = error
            raise
