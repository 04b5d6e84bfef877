"""Streaming parser of multipart forms: fields are kept in memory up to a limit, files on disk."""

import asyncio
import shutil
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import BinaryIO, Final

from fastapi import Request
from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header

from voicemill.engine.refusals import Refusal, bad_request

MOST_FIELD_BYTES: Final = 1 << 20
MOST_PARTS: Final = 100


class Form:
    """A parsed form: the values of all `fields` by name, and the paths of `files` by name.

    No name from the request becomes part of a path.
    """

    def __init__(self, folder: Path) -> None:
        self.fields: dict[str, list[str]] = {}
        self.files: dict[str, Path] = {}
        self._folder = folder

    def text(self, name: str) -> str | None:
        """The last value of a field, None if it is missing."""
        return self.fields[name][-1] if name in self.fields else None

    def file(self, name: str) -> Path:
        """A required file. Raises `Refusal` (400) if it is missing."""
        if name not in self.files:
            raise bad_request(f"{name}: Field required. Send an audio file under this name.")
        return self.files[name]


@asynccontextmanager
async def uploaded(request: Request, max_bytes: int) -> AsyncIterator[Form]:
    """The form of a request; its files are deleted when the context ends.

    Raises `Refusal`: 400 if the body is not a multipart form, 413 if it is larger than `max_bytes`.
    """
    boundary = _boundary(request)
    folder = Path(await asyncio.to_thread(tempfile.mkdtemp, prefix="voicemill-"))
    try:
        reader = _Reader(Form(folder), folder, boundary)
        await _read(request, reader, max_bytes)
        yield reader.form
    finally:
        await asyncio.to_thread(shutil.rmtree, folder, ignore_errors=True)


async def _read(request: Request, reader: "_Reader", max_bytes: int) -> None:
    size = 0
    try:
        async for chunk in request.stream():
            size += len(chunk)
            if size > max_bytes:
                raise Refusal(413, "Request too large", f"The upload is larger than {max_bytes} bytes. Split it.")
            await asyncio.to_thread(reader.write, chunk)
        reader.finish()
    except FormParserError as error:
        raise bad_request(f"The body is not a valid multipart form: {error}") from None
    finally:
        reader.close()


def _boundary(request: Request) -> bytes:
    kind, options = parse_options_header(request.headers.get("content-type"))
    if kind != b"multipart/form-data" or not options.get(b"boundary"):
        raise bad_request("Send a multipart form (Content-Type: multipart/form-data).")
    return options[b"boundary"]


class _Reader:
    """Stores the parts of a form while they arrive."""

    def __init__(self, form: Form, folder: Path, boundary: bytes) -> None:
        self.form = form
        self._folder = folder
        self._parts = 0
        self._header = self._value = self._disposition = b""
        self._name = ""
        self._field = bytearray()
        self._file: BinaryIO | None = None
        self._ended = False
        self._parser = MultipartParser(
            boundary,
            {
                "on_part_begin": self._begin,
                "on_header_field": self._header_name,
                "on_header_value": self._header_value,
                "on_header_end": self._header_end,
                "on_headers_finished": self._headers_end,
                "on_part_data": self._data,
                "on_part_end": self._end,
                "on_end": self._all_ended,
            },
        )

    def write(self, chunk: bytes) -> None:
        """Parse the next bytes of the body."""
        self._parser.write(chunk)

    def finish(self) -> None:
        """Finish parsing. Raises `FormParserError` if the form is incomplete."""
        self._parser.finalize()
        if not self._ended:
            raise FormParserError("it ends before its closing boundary")

    def close(self) -> None:
        """Close the file that is being written."""
        if self._file is not None:
            self._file.close()

    def _begin(self) -> None:
        self._parts += 1
        if self._parts > MOST_PARTS:
            raise FormParserError(f"it has more than {MOST_PARTS} parts")
        self._disposition = b""
        self._field = bytearray()

    def _header_name(self, data: bytes, start: int, end: int) -> None:
        self._header += data[start:end]

    def _header_value(self, data: bytes, start: int, end: int) -> None:
        self._value += data[start:end]

    def _header_end(self) -> None:
        if self._header.lower() == b"content-disposition":
            self._disposition = self._value
        self._header = self._value = b""

    def _headers_end(self) -> None:
        _, options = parse_options_header(self._disposition)
        self._name = options.get(b"name", b"").decode("utf-8", "replace")
        if b"filename" in options:
            path = self._folder / str(self._parts)
            self._file = path.open("wb")
            self.form.files[self._name] = path

    def _data(self, data: bytes, start: int, end: int) -> None:
        if self._file is not None:
            self._file.write(data[start:end])
            return
        self._field += data[start:end]
        if len(self._field) > MOST_FIELD_BYTES:
            raise FormParserError(f"field {self._name!r} is longer than {MOST_FIELD_BYTES} bytes")

    def _end(self) -> None:
        if self._file is not None:
            self._file.close()
            self._file = None
            return
        value = self._field.decode("utf-8", "replace")
        self.form.fields.setdefault(self._name, []).append(value)

    def _all_ended(self) -> None:
        self._ended = True
