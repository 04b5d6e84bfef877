"""Requests to the engine."""

from typing import Any

import httpx

from voicemill.model.audio_formats import AudioFormat

SARAH = "694f9389-aac1-45b6-b726-9d9369183238"
WAV = {"container": "wav", "sample_rate": 24000, "encoding": "pcm_s16le"}
RATE_HZ = 24000
FLOAT = {"container": "raw", "sample_rate": RATE_HZ, "encoding": "pcm_f32le"}
SENTENCE = "The rainbow is a division of white light into many beautiful colors."


def client(
    app: Any, *, key: str = "any key", version: str = "2024-11-13", base: str = "http://engine"
) -> httpx.AsyncClient:
    """A client of an engine in this process."""
    transport = httpx.ASGITransport(app=app)
    headers = {"X-API-Key": key, "Cartesia-Version": version} if key else {"Cartesia-Version": version}
    return httpx.AsyncClient(transport=transport, base_url=base, headers=headers, timeout=120)


def speech_body(
    transcript: str = SENTENCE, *, voice: Any = SARAH, output_format: Any = WAV, **fields: Any
) -> dict[str, Any]:
    """The body of a `tts/bytes` request."""
    return {
        "model_id": "sonic-2",
        "transcript": transcript,
        "voice": {"mode": "id", "id": voice} if isinstance(voice, str) else voice,
        "output_format": output_format,
        **fields,
    }


async def recognized(
    api: httpx.AsyncClient, audio: bytes, *, query: str = "", **fields: Any
) -> tuple[int, dict[str, Any] | str]:
    """The status and the body of `/stt` for a file."""
    form = {"model": "ink-whisper"} | fields
    response = await api.post(f"/stt{query}", files={"file": ("blob", audio)}, data=form)
    return response.status_code, response.json() if response.status_code == 200 else response.text


async def speech(api: httpx.AsyncClient, transcript: str = SENTENCE, **fields: Any) -> bytes:
    """The audio of a request that must succeed."""
    response = await api.post("/tts/bytes", json=speech_body(transcript, **fields))
    assert response.status_code == 200, response.text
    return response.content


def wire(format: AudioFormat) -> dict[str, Any]:
    """A format as the `output_format` of a request."""
    fields = {
        "container": format.container,
        "sample_rate": format.sample_rate_hz,
        "encoding": format.encoding,
        "bit_rate": format.bit_rate_bps,
    }
    return {name: value for name, value in fields.items() if value is not None}
