"""An HTTP server on raw sockets that can send any faulty response: wrong lengths, cut bodies, resets, stalls.

In tests: `with HostileServer(script) as server`, then `server.url` and `server.calls`, the record of all requests.
A script is a list of `Reply`s, one per request (the last one repeats), or a callable from `Call` to `Reply`, which may
be asynchronous and so can wait for events in the test.
As a process: `python -m tests.hostile_server --port 0 --latency 0.05`; its first line of output is the port.
"""

import argparse
import asyncio
import json
import os
import signal
import socket
import ssl
import struct
import threading
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from types import TracebackType
from typing import Any, Self

_RESET_ON_CLOSE = struct.pack("ii", 1, 0)


class End(StrEnum):
    """How a response ends, and whether its framing is correct."""

    WHOLE = "whole"
    CHUNKED = "chunked"
    CLOSED = "closed"  # complete, delimited only by closing the connection
    THEN_GONE = "then_gone"  # complete; then the idle connection closes
    LENGTH_TOO_LONG = "length_too_long"  # half of what Content-Length claims
    LENGTH_TOO_SHORT = "length_too_short"  # twice what Content-Length claims
    CHUNKED_CUT = "chunked_cut"
    CLOSED_CUT = "closed_cut"  # half of the body, and a closed connection
    RESET = "reset"  # half of the body, then RST
    STALL = "stall"  # half of the body, then nothing more
    HEADERS_CUT = "headers_cut"
    HEADERS_RESET = "headers_reset"
    NO_ANSWER = "no_answer"


CUTS = (End.LENGTH_TOO_LONG, End.LENGTH_TOO_SHORT, End.CHUNKED_CUT, End.CLOSED_CUT, End.RESET)
"""The ends after half of the body."""
_BEFORE_THE_BODY = (End.HEADERS_CUT, End.HEADERS_RESET, End.NO_ANSWER)
_BY_RESET = (End.RESET, End.HEADERS_RESET)
_UNSIZED = (End.CLOSED, End.CLOSED_CUT)
_STAYS_OPEN = (End.WHOLE, End.CHUNKED)


@dataclass(frozen=True, slots=True)
class Reply:
    """One response: `body` is sent `times` times, `delay_s` after the request, one byte every `drip_s` if set."""

    status: int = 200
    headers: Sequence[tuple[str, str]] = ()
    body: bytes = b""
    end: End = End.WHOLE
    times: int = 1
    delay_s: float = 0.0
    drip_s: float = 0.0


@dataclass(slots=True)
class Call:
    """One received request; times are `time.monotonic()`. `sent_whole`: a 200 was sent to its last byte."""

    number: int
    connection: int
    method: str
    path: str
    headers: dict[str, str]
    body: bytes
    in_flight: int
    started_s: float
    ended_s: float | None = None
    status: int | None = None
    end: str | None = None
    sent_whole: bool = False

    @property
    def json_body(self) -> dict[str, Any]:
        """The JSON object of the request; {} if the body is not one."""
        try:
            content = json.loads(self.body)
        except ValueError:
            return {}
        return content if isinstance(content, dict) else {}

    @property
    def transcript(self) -> str | None:
        """The transcript of a TTS request."""
        return self.json_body.get("transcript")


Script = Sequence[Reply] | Callable[[Call], Reply | Awaitable[Reply]]


@dataclass
class HostileServer:
    """Serves `script` at 127.0.0.1 from a thread; `start` and `stop` may be called repeatedly."""

    script: Script
    log: Path | None = None
    tls: ssl.SSLContext | None = None
    port: int = 0
    calls: list[Call] = field(default_factory=list)
    connections: int = 0

    def __post_init__(self) -> None:
        self._in_flight = 0
        self._tasks: set[asyncio.Task[None]] = set()
        self._disconnected: set[int] = set()

    @property
    def url(self) -> str:
        """The base URL."""
        return f"{'https' if self.tls else 'http'}://127.0.0.1:{self.port}"

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def start(self) -> None:
        """Listen at `port`, or at a free port, which the next start reuses."""
        self._loop = asyncio.new_event_loop()
        listening = threading.Event()
        self._thread = threading.Thread(target=self._run, args=(listening,), name="hostile server", daemon=True)
        self._thread.start()
        if not listening.wait(60):
            raise RuntimeError("the hostile server did not start")

    def stop(self) -> None:
        """Close all connections, including those in the middle of a response."""
        self._loop.call_soon_threadsafe(self._stopping.set)
        self._thread.join(10)

    def settle(self) -> None:
        """Wait for the requests of processes that have exited: their last bytes may still be in transit."""
        self._disconnected.clear()
        with socket.create_connection(("127.0.0.1", self.port)) as last:
            port = last.getsockname()[1]
        while port not in self._disconnected or self._tasks:  # connections are accepted in order of arrival
            time.sleep(0.001)

    def _run(self, listening: threading.Event) -> None:
        self._loop.run_until_complete(self.serve(listening.set))
        self._loop.close()

    async def serve(self, on_listening: Callable[[], object]) -> None:
        """Serve in the running loop until `stop`."""
        self._stopping = asyncio.Event()
        server = await asyncio.start_server(self._connected, "127.0.0.1", self.port, ssl=self.tls, backlog=1024)
        self.port = server.sockets[0].getsockname()[1]
        on_listening()
        await self._stopping.wait()
        while asyncio.all_tasks() - self._tasks - {asyncio.current_task()}:
            await asyncio.sleep(0)  # asyncio does not close connections accepted but not yet started
        server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        self.connections += 1
        number = self.connections
        # A client may disconnect or be killed at any moment.
        with suppress(ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError, ssl.SSLError):
            while await self._answer_one(reader, writer, number):
                pass
        self._tasks.discard(task)
        self._disconnected.add((writer.get_extra_info("peername") or ("", 0))[1])
        writer.transport.abort()

    async def _answer_one(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, connection: int) -> bool:
        call = await self._read_request(reader, connection)
        self._in_flight += 1
        try:
            reply = await self._reply_to(call)
            call.status, call.end = reply.status, reply.end
            self._write_log("start", call)
            await asyncio.sleep(reply.delay_s)
            await _send(reply, reader, writer)
            call.sent_whole = reply.status == 200 and reply.end in (*_STAYS_OPEN, End.CLOSED, End.THEN_GONE)
        finally:
            self._in_flight -= 1
            call.ended_s = time.monotonic()
            self._write_log("end", call)
        return reply.end in _STAYS_OPEN

    async def _reply_to(self, call: Call) -> Reply:
        if not callable(self.script):
            return self.script[min(call.number, len(self.script)) - 1]
        reply = self.script(call)
        return reply if isinstance(reply, Reply) else await reply

    async def _read_request(self, reader: asyncio.StreamReader, connection: int) -> Call:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        method, path, _ = head[0].split(" ", 2)
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in head[1:] if line)}
        body = await reader.readexactly(int(headers.get("content-length", "0")))
        number = len(self.calls) + 1
        call = Call(number, connection, method, path, headers, body, self._in_flight + 1, time.monotonic())
        self.calls.append(call)
        return call

    def _write_log(self, event: str, call: Call) -> None:
        if self.log is None:
            return
        seen = {"event": event, "t": time.monotonic(), "number": call.number, "method": call.method, "path": call.path}
        seen |= {"transcript": call.transcript, "status": call.status, "end": call.end, "sent_whole": call.sent_whole}
        descriptor = os.open(self.log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        try:
            os.write(descriptor, json.dumps(seen).encode() + b"\n")
        finally:
            os.close(descriptor)


async def _send(reply: Reply, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    head = _head(reply)
    if reply.end is End.NO_ANSWER:
        head = b""
    elif reply.end in _BEFORE_THE_BODY:
        head = head[: len(head) // 2]
    writer.write(head)
    await writer.drain()
    if reply.end not in _BEFORE_THE_BODY:
        async for chunk in _body(reply):
            writer.write(chunk)
            await writer.drain()
    if reply.end is End.STALL:
        await reader.read()
    elif reply.end not in _STAYS_OPEN:
        await _close(writer, by_reset=reply.end in _BY_RESET)


def _head(reply: Reply) -> bytes:
    length = len(reply.body) * reply.times
    lines = [f"HTTP/1.1 {reply.status} Whatever", *(f"{name}: {value}" for name, value in reply.headers)]
    if reply.end in (End.CHUNKED, End.CHUNKED_CUT):
        lines.append("Transfer-Encoding: chunked")
    elif reply.end not in _UNSIZED:
        lines.append(f"Content-Length: {length // 2 if reply.end is End.LENGTH_TOO_SHORT else length}")
    if reply.end in _UNSIZED:
        lines.append("Connection: close")
    return "\r\n".join([*lines, "", ""]).encode("latin-1")


async def _body(reply: Reply) -> AsyncIterator[bytes]:
    is_cut = reply.end in (End.LENGTH_TOO_LONG, End.CHUNKED_CUT, End.CLOSED_CUT, End.RESET, End.STALL)
    sent = reply.body[: len(reply.body) // 2] if is_cut else reply.body
    step = 1 if reply.drip_s else max(1, len(sent))
    is_chunked = reply.end in (End.CHUNKED, End.CHUNKED_CUT)
    for _ in range(reply.times):
        for start in range(0, len(sent), step):
            piece = sent[start : start + step]
            yield b"%x\r\n%b\r\n" % (len(piece), piece) if is_chunked else piece
            if reply.drip_s:
                await asyncio.sleep(reply.drip_s)
    if reply.end is End.CHUNKED:
        yield b"0\r\n\r\n"


async def _close(writer: asyncio.StreamWriter, *, by_reset: bool) -> None:
    if by_reset:
        writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE)
        writer.transport.abort()
    else:
        writer.close()
        await writer.wait_closed()


async def _main() -> None:
    from tests.hostile_speech import Speaker

    parser = argparse.ArgumentParser(prog="python -m tests.hostile_server", description=__doc__)
    parser.add_argument("--port", type=int, default=0, help="0 takes a free port; the first line of output is the port")
    parser.add_argument("--latency", type=float, default=0.0, metavar="S", help="seconds before each response to POST")
    parser.add_argument("--limit", type=int, help="respond 429 above this number of concurrent requests")
    parser.add_argument("--fault-rate", type=float, default=0.0, help="share of speech responses that are faulty")
    parser.add_argument("--seed", type=int, default=0, help="selects which responses are faulty, and how")
    parser.add_argument("--log", type=Path, help="JSONL log of the start and end of every request")
    given = parser.parse_args()
    speaker = Speaker(given.latency, limit=given.limit, fault_rate=given.fault_rate, seed=given.seed)
    server = HostileServer(speaker, given.log, port=given.port)
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, lambda: server._stopping.set())
    await server.serve(lambda: print(server.port, flush=True))  # noqa: T201 - that line is the interface


if __name__ == "__main__":
    from tests.hostile_server import _main as main  # as `__main__`, its classes would exist twice

    asyncio.run(main())
