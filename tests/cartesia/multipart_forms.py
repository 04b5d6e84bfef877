"""Parse multipart forms, and a server that receives bodies of any size without storing them."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing, suppress
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import Message

KEPT_BYTES = 64 * 1024


@dataclass(frozen=True)
class Part:
    """One part of a form."""

    name: str
    file_name: str | None
    content_type: str | None
    content: bytes


def parts(content_type: str, body: bytes) -> list[Part]:
    """The parts of a form, in order, as Python's MIME parser returns them."""
    message = message_from_bytes(f"Content-Type: {content_type}\r\n\r\n".encode() + body)
    return [_part(each) for each in message.walk() if not each.is_multipart()]


def _part(each: Message) -> Part:
    content = each.get_payload(decode=True)
    assert isinstance(content, bytes)
    name = each.get_param("name", header="Content-Disposition")
    content_type = each.get_content_type() if "Content-Type" in each else None
    return Part(str(name), each.get_filename(), content_type, content)


def fields(content_type: str, body: bytes) -> list[tuple[str, str]]:
    """The fields of a form, without its files."""
    return [(part.name, part.content.decode()) for part in parts(content_type, body) if part.file_name is None]


@dataclass
class Sink:
    """A server that receives bodies of any size, in both framings, and stores only their beginnings."""

    answer: bytes = b"HTTP/1.1 200 OK\r\nContent-Length: 12\r\nConnection: close\r\n\r\n" + b'{"text": ""}'
    answer_first: bool = False
    url: str = ""
    headers: dict[str, str] = field(default_factory=dict)
    received: int = 0
    begins: bytes = b""
    head_received: asyncio.Event = field(default_factory=asyncio.Event)
    gone: asyncio.Event = field(default_factory=asyncio.Event)
    tasks: list[asyncio.Task[None] | None] = field(default_factory=list)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Handle a connection with one request."""
        self.tasks.append(asyncio.current_task())
        with closing(writer), suppress(ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")[1:-2]
            self.headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in head)}
            self.head_received.set()
            if not self.answer_first:
                await self._take(reader)
            writer.write(self.answer)
            await writer.drain()
            await reader.read()
        self.gone.set()

    async def _take(self, reader: asyncio.StreamReader) -> None:
        if "transfer-encoding" not in self.headers:
            await self._take_exactly(reader, int(self.headers.get("content-length", "0")))
            return
        while size := int(await reader.readline(), 16):
            await self._take_exactly(reader, size)
            await reader.readline()
        await reader.readline()

    async def _take_exactly(self, reader: asyncio.StreamReader, size: int) -> None:
        while size:
            piece = await reader.read(min(size, 1 << 20))
            if not piece:
                raise ConnectionError
            size -= len(piece)
            self.received += len(piece)
            self.begins += piece[: max(0, KEPT_BYTES - len(self.begins))]


@asynccontextmanager
async def listening(sink: Sink) -> AsyncIterator[Sink]:
    """Serve at a free local port, in the running event loop."""
    server = await asyncio.start_server(sink.serve, "127.0.0.1", 0)
    sink.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    yield sink
    server.close()
    for task in filter(None, sink.tasks):
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
