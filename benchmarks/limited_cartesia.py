"""The fake service with a hidden limit of concurrent calls that may change at any time.

    python -m benchmarks.limited_cartesia --latency 0.2 --limit 12

Prints its port as its first line. Above the limit it responds 429 at once. `POST /limit/6` changes the limit,
`GET /log` gives `[monotonic seconds, status, in flight, who]` of each call to `/tts/bytes` so far, in the order of the
responses; `who` is the `runN` in the transcript.
"""

import argparse
import asyncio
import json
import random
import re
import time
from dataclasses import dataclass, field

from benchmarks.fake_cartesia import SAMPLE_RATE_HZ, Connection, speech_response, voices_response

AUDIO_BYTES = 64_000
_WHO = re.compile(rb"run\d+")
TOO_MANY = json.dumps({"error_code": "concurrency_limited", "title": "Too many requests", "message": "Wait."}).encode()


@dataclass
class Service:
    """The state that all connections share."""

    latency_s: float
    limit: int
    speech: bytes
    voices: bytes
    in_flight: int = 0
    log: list[tuple[float, int, int, str]] = field(default_factory=list)

    def note(self, status: int, who: str) -> None:
        """Count a call."""
        self.log.append((round(time.monotonic(), 4), status, self.in_flight, who))


class _Limited(Connection):
    def __init__(self, service: Service) -> None:
        super().__init__()
        self._service = service

    def answer(self, head: bytes, body: bytes) -> None:
        asked_by = _WHO.search(body)
        who = asked_by[0].decode() if asked_by else ""
        service = self._service
        if head.startswith(b"post /tts/bytes"):
            self._speak(who)
        elif head.startswith(b"post /limit/"):
            service.limit = int(head.split(b" ")[1].removeprefix(b"/limit/"))
            self.transport.write(_json(200, b"{}"))
        elif head.startswith(b"get /log"):
            self.transport.write(_json(200, json.dumps(service.log).encode()))
        else:
            self.transport.write(service.voices)

    def _speak(self, who: str) -> None:
        service = self._service
        if service.in_flight >= service.limit:
            service.note(429, who)
            self.transport.write(_json(429, TOO_MANY))
            return
        service.in_flight += 1
        latency_s = service.latency_s * random.uniform(0.75, 1.25)
        asyncio.get_running_loop().call_later(latency_s, self._spoken, who)

    def _spoken(self, who: str) -> None:
        self._service.note(200, who)
        self._service.in_flight -= 1
        self.transport.write(self._service.speech)


def _json(status: int, body: bytes) -> bytes:
    head = f"HTTP/1.1 {status} Whatever\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    return head.encode() + body


async def _serve(latency_s: float, limit: int) -> None:
    service = Service(latency_s, limit, speech_response(AUDIO_BYTES, SAMPLE_RATE_HZ), voices_response())
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: _Limited(service), "127.0.0.1", 0, backlog=1024)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--latency", type=float, default=0.2)
    parser.add_argument("--limit", type=int, default=12)
    arguments = parser.parse_args()
    asyncio.run(_serve(arguments.latency, arguments.limit))
