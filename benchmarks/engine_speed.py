"""How fast the embedded engine is: audio per second of wall time and latency, of speech by format and concurrency, then
of every other endpoint.

python -m benchmarks.engine_speed
"""

import asyncio
import os
import statistics
import tempfile
import time
from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path
from typing import Any

import httpx

from voicemill.engine.app import create_app
from voicemill.engine.settings import EngineSettings, available_cores

Call = Callable[[], Awaitable[bytes]]

RUNS = 5
REQUESTS = 16
TEXT = (
    "The rainbow is a division of white light into many beautiful colors. These take the shape of a long round "
    "arch, with its path high above, and its two ends apparently beyond the horizon."
)
FORMATS: dict[str, dict[str, Any]] = {
    "wav": {"container": "wav", "sample_rate": 44100, "encoding": "pcm_s16le"},
    "mp3": {"container": "mp3", "sample_rate": 44100, "bit_rate": 128000},
}
KEY = {"X-API-Key": "k"}
SARAH = "694f9389-aac1-45b6-b726-9d9369183238"


async def ask(client: httpx.AsyncClient, number: int, format: dict[str, Any]) -> float:
    """One request; how long it took, in seconds."""
    begun = time.perf_counter()
    await posted(client, "/tts/bytes", json=speech_body(format, number))
    return time.perf_counter() - begun


def speech_body(format: dict[str, Any], number: int = 0) -> dict[str, Any]:
    """A request for speech; each number is another text."""
    return {"model_id": "sonic-2", "transcript": f"Number {number}. {TEXT}", "voice": SARAH, "output_format": format}


async def run(client: httpx.AsyncClient, format: dict[str, Any], concurrency: int) -> tuple[float, float]:
    """Wall seconds for all requests, and the median latency of one."""
    slots = asyncio.Semaphore(concurrency)

    async def one(number: int) -> float:
        async with slots:
            return await ask(client, number, format)

    begun = time.perf_counter()
    latencies = await asyncio.gather(*(one(number) for number in range(REQUESTS)))
    return time.perf_counter() - begun, statistics.median(latencies)


async def audio_s(client: httpx.AsyncClient) -> float:
    """How many seconds of audio all requests of a run give."""
    raw = {"container": "raw", "sample_rate": 8000, "encoding": "pcm_mulaw"}
    bodies = [await posted(client, "/tts/bytes", json=speech_body(raw, number)) for number in range(REQUESTS)]
    return sum(map(len, bodies)) / 8000


async def main() -> None:
    """Print the table."""
    app = create_app(EngineSettings(own_voices=Path(tempfile.mkdtemp()) / "voices.sqlite"))
    transport = httpx.ASGITransport(app=app)
    async with httpx.AsyncClient(transport=transport, base_url="http://engine", headers=KEY, timeout=120) as client:
        begun = time.perf_counter()
        await ask(client, 0, FORMATS["wav"])
        print(f"first answer of a cold engine: {time.perf_counter() - begun:.2f} s")
        seconds = await audio_s(client)
        print(
            f"{available_cores()} cores, load {os.getloadavg()[0]:.1f}; {REQUESTS} requests, {seconds:.0f} s of audio"
        )
        print(f"{'format':8}{'at once':>8}{'audio s per s':>16}{'(min-max)':>14}{'latency ms':>12}{'(min-max)':>14}")
        for name, format in FORMATS.items():
            for concurrency in (1, 2, 8):
                runs = [await run(client, format, concurrency) for _ in range(RUNS)]
                print(row(name, concurrency, [seconds / wall for wall, _ in runs], [1000 * late for _, late in runs]))
        print(f"\n{'endpoint':22}{'audio s':>8}{'audio s per s':>16}{'(min-max)':>14}")
        for name, call, clip_s in await endpoints(client):
            await call()
            speeds = [clip_s / await seconds_of(call) for _ in range(RUNS)]
            spread = f"({min(speeds):.1f}-{max(speeds):.1f})"
            print(f"{name:22}{clip_s:8.1f}{statistics.median(speeds):16.1f}{spread:>14}")
    await app.state.engine.close()


async def endpoints(client: httpx.AsyncClient) -> list[tuple[str, Call, float]]:
    """Every endpoint that works on audio, with the length of the audio it takes or makes."""
    clip = await posted(client, "/tts/bytes", json=speech_body(FORMATS["wav"]))
    clip_s = (len(clip) - 44) / 2 / 44100
    file = ("blob", clip)
    form = {
        "output_format[container]": "wav",
        "output_format[sample_rate]": "44100",
        "output_format[encoding]": "pcm_s16le",
    }
    said = form | {"model_id": "sonic-2", "transcript": TEXT, "voice_id": SARAH}
    raw = speech_body({"container": "raw", "sample_rate": 44100, "encoding": "pcm_s16le"})
    changer = {"files": {"clip": file}, "data": form | {"voice[id]": SARAH}}
    return [
        ("tts/sse", partial(posted, client, "/tts/sse", json=raw | {"add_timestamps": True}), clip_s),
        ("stt", partial(posted, client, "/stt", files={"file": file}, data={"model": "ink-whisper"}), clip_s),
        ("voice-changer/bytes", partial(posted, client, "/voice-changer/bytes", **changer), clip_s),
        ("voice-changer/sse", partial(posted, client, "/voice-changer/sse", **changer), clip_s),
        ("infill/bytes", partial(posted, client, "/infill/bytes", files={"left_audio": file}, data=said), clip_s),
        ("voices/clone", partial(posted, client, "/voices/clone", files={"clip": file}, data={"name": "n"}), clip_s),
    ]


async def posted(client: httpx.AsyncClient, path: str, **sent: Any) -> bytes:
    """The body of a good answer."""
    return (await client.post(path, **sent)).raise_for_status().content


async def seconds_of(call: Call) -> float:
    """How long one call takes."""
    begun = time.perf_counter()
    await call()
    return time.perf_counter() - begun


def row(name: str, concurrency: int, speeds: list[float], latencies_ms: list[float]) -> str:
    """One line of the table: medians over the runs and their spread."""
    speed, latency = statistics.median(speeds), statistics.median(latencies_ms)
    return (
        f"{name:8}{concurrency:8}{speed:16.0f}{f'({min(speeds):.0f}-{max(speeds):.0f})':>14}"
        f"{latency:12.0f}{f'({min(latencies_ms):.0f}-{max(latencies_ms):.0f})':>14}"
    )


if __name__ == "__main__":
    asyncio.run(main())
