"""Send one call in the way in which the pipeline does."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx

from tests.hostile_server import HostileServer
from tests.hostile_speech import SARAH
from voicemill.audio.answer_checks import verify_speech
from voicemill.cartesia.client import CartesiaClient
from voicemill.cartesia.transport import Reply, Transport
from voicemill.config import ApiKey
from voicemill.model import Speed, Tts
from voicemill.model.audio_formats import AudioFormat

KEY = "sk_car_canary_4711"
CALL = Tts(
    service="hostile",
    model="sonic-2",
    transcript="The mill turns as long as the wind blows.",
    voice_id=SARAH,
    language="en",
    sample_rate_hz=16000,
    encoding="pcm_s16le",
)


@asynccontextmanager
async def cartesia(
    url: str = "http://unused.invalid", *, key: str = KEY, api_version: str = "2024-11-13", **options: Any
) -> AsyncIterator[CartesiaClient]:
    """The client of a service; `options` are those of `Transport`."""
    async with Transport(url, ApiKey(key), api_version=api_version, **options) as transport:
        yield CartesiaClient.over(transport)


async def send(
    service: CartesiaClient, call: Tts = CALL, *, speed: Speed | None = None, emotion: tuple[str, ...] = ()
) -> Reply:
    """One attempt at a call."""
    return await service.tts.bytes(
        model_id=call.model,
        transcript=call.transcript,
        voice_id=call.voice_id,
        language=call.language,
        output_format=AudioFormat("wav", call.sample_rate_hz, call.encoding),
        speed=speed,
        emotion=emotion,
    )


async def accepted(server: HostileServer, call: Tts = CALL, **options: Any) -> bytes:
    """The verified body of a server's response to `call`; raises the same errors as in the pipeline."""
    async with cartesia(server.url, **options) as service:
        return await accepted_of(service, call)


async def accepted_of(service: CartesiaClient, call: Tts = CALL) -> bytes:
    """The verified body of the response to `call`."""
    reply = await send(service, call)
    verify_speech(reply.body, call, framed=reply.framed)
    return reply.body


class Raising(httpx.AsyncBaseTransport):
    """A transport that raises a given error, before the response or within its body."""

    def __init__(self, error: BaseException, *, in_body: bool = False) -> None:
        self._error = error
        self._in_body = in_body

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Raise the error, or return a response whose body does."""
        if not self._in_body:
            raise self._error
        return httpx.Response(200, stream=_Failing(self._error))


class _Failing(httpx.AsyncByteStream):
    def __init__(self, error: BaseException) -> None:
        self._error = error

    async def __aiter__(self) -> AsyncIterator[bytes]:
        yield b"RIFF"
        raise self._error
