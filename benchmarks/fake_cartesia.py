"""A minimal service that responds at once or after a latency, so that a benchmark measures the client.

    python -m benchmarks.fake_cartesia --latency 0.2

Prints its port as its first line. `POST /tts/bytes` returns 64 kB of WAV, `GET /voices/` one voice, anything else 404.
"""

import argparse
import asyncio
import json
import struct

import numpy as np

SAMPLE_RATE_HZ = 44100
AUDIO_BYTES = 64_000
VOICE_ID = "00000000-0000-4000-8000-000000000001"


class Connection(asyncio.Protocol):
    """Reads complete requests one by one and responds to each on `transport`."""

    transport: asyncio.Transport

    def __init__(self) -> None:
        self._received = b""

    def answer(self, head: bytes, body: bytes) -> None:
        """Respond to a request, whose head is given in lower case."""
        raise NotImplementedError

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Accept a connection."""
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        """Receive a part of a request, or several requests."""
        self._received += data
        end = self._received.find(b"\r\n\r\n")
        if end < 0:
            return
        head = self._received[:end].lower()
        length = int(head.split(b"content-length:")[1].split(b"\r\n")[0]) if b"content-length:" in head else 0
        if len(self._received) < end + 4 + length:
            return
        body, self._received = self._received[end + 4 : end + 4 + length], self._received[end + 4 + length :]
        self.answer(head, body)


class _Latent(Connection):
    def __init__(self, latency_s: float, speech: bytes, voices: bytes) -> None:
        super().__init__()
        self._latency_s = latency_s
        self._speech = speech
        self._voices = voices

    def answer(self, head: bytes, body: bytes) -> None:
        answer = self._voices if head.startswith(b"get /voices") else self._speech
        asyncio.get_running_loop().call_later(self._latency_s, self.transport.write, answer)


def wav(samples: bytes, sample_rate_hz: int) -> bytes:
    """A mono 16-bit WAV of `samples`."""
    layout = struct.pack("<4sIHHIIHH", b"fmt ", 16, 1, 1, sample_rate_hz, sample_rate_hz * 2, 2, 16)
    return (
        b"RIFF"
        + struct.pack("<I", 36 + len(samples))
        + b"WAVE"
        + layout
        + b"data"
        + struct.pack("<I", len(samples))
        + samples
    )


def _response(content_type: str, body: bytes) -> bytes:
    return f"HTTP/1.1 200 OK\r\nContent-Type: {content_type}\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body


def speech_response(audio_bytes: int, sample_rate_hz: int) -> bytes:
    """The complete response with a tone of the given size."""
    tone = np.sin(np.arange(audio_bytes // 2) * 2 * np.pi * 220 / sample_rate_hz) * 8000
    return _response("audio/wav", wav(tone.astype("<i2").tobytes(), sample_rate_hz))


def voices_response() -> bytes:
    """The complete response with the only voice."""
    voice = {"id": VOICE_ID, "name": "Sarah", "language": "en", "description": ""}
    return _response("application/json", json.dumps({"data": [voice], "has_more": False, "next_page": None}).encode())


async def _serve(latency_s: float, audio_bytes: int, sample_rate_hz: int) -> None:
    speech, voices = speech_response(audio_bytes, sample_rate_hz), voices_response()
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: _Latent(latency_s, speech, voices), "127.0.0.1", 0, backlog=1024)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--latency", type=float, default=0.2)
    parser.add_argument("--audio-bytes", type=int, default=AUDIO_BYTES)
    parser.add_argument("--sample-rate", type=int, default=SAMPLE_RATE_HZ)
    arguments = parser.parse_args()
    asyncio.run(_serve(arguments.latency, arguments.audio_bytes, arguments.sample_rate))
