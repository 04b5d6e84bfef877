"""Frames on a pipe: two big-endian 32-bit lengths, a JSON header, then bytes. A request is a single line of JSON."""

import json
import struct
from collections.abc import Callable
from typing import IO, Any, NamedTuple

LENGTHS = struct.Struct(">II")


class Frame(NamedTuple):
    """A header and its bytes."""

    header: dict[str, Any]
    body: bytes


def read_frame(read_exactly: Callable[[int], bytes]) -> Frame:
    """Read the next frame. `read_exactly(n)` returns n bytes or raises `EOFError`."""
    header_length, body_length = LENGTHS.unpack(read_exactly(LENGTHS.size))
    header = json.loads(read_exactly(header_length))
    return Frame(header, read_exactly(body_length))


def write_frame(out: IO[bytes], header: dict[str, Any], body: bytes = b"") -> None:
    """Write one frame and flush it."""
    encoded = json.dumps(header).encode()
    out.write(LENGTHS.pack(len(encoded), len(body)))
    out.write(encoded)
    out.write(body)
    out.flush()


def request_line(request: dict[str, Any]) -> bytes:
    """A request as a single line of JSON."""
    return json.dumps(request).encode() + b"\n"


def reader(stream: IO[bytes]) -> Callable[[int], bytes]:
    """A `read_exactly` for a blocking stream."""

    def read_exactly(count: int) -> bytes:
        data = stream.read(count)
        if len(data) < count:
            raise EOFError("the pipe was closed in the middle of an answer")
        return data

    return read_exactly


def request_from_line(line: bytes) -> dict[str, Any]:
    """The request in a line."""
    request: dict[str, Any] = json.loads(line)
    return request
