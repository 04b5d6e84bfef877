"""How fast the embedded engine speaks: audio per second of wall time and latency, by format and concurrency.

python -m benchmarks.engine_speed
"""

import asyncio
import os
import statistics
import time
from typing import Any

import httpx

from voicemill.engine.app import create_app
from voicemill.engine.settings import EngineSettings, available_cores

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
SARAH = "694f9389-aac1-45b6-b726-9d9369183238"


async def ask(client: httpx.AsyncClient, number: int, format: dict[str, Any]) -> float:
    """One request; how long it took, in seconds."""
    body = {
        "model_id": "sonic-2",
        "transcript": f"Number {number}. {TEXT}",
        "voice": {"mode": "id", "id": SARAH},
        "output_format": format,
    }
    begun = time.perf_counter()
    response = await client.post("/tts/bytes", json=body)
    response.raise_for_status()
    return time.perf_counter() - begun


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
    total = 0
    for number in range(REQUESTS):
        body = {"model_id": "sonic-2", "transcript": f"Number {number}. {TEXT}", "voice": SARAH, "output_format": raw}
        total += len((await client.post("/tts/bytes", json=body)).content)
    return total / 8000


async def main() -> None:
    """Print the table."""
    app = create_app(EngineSettings())
    transport = httpx.ASGITransport(app=app)
    async with httpx.AsyncClient(transport=transport, base_url="http://engine", headers={"X-API-Key": "k"}) as client:
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
    await app.state.engine.close()


def row(name: str, concurrency: int, speeds: list[float], latencies_ms: list[float]) -> str:
    """One line of the table: medians over the runs and their spread."""
    speed, latency = statistics.median(speeds), statistics.median(latencies_ms)
    return (
        f"{name:8}{concurrency:8}{speed:16.0f}{f'({min(speeds):.0f}-{max(speeds):.0f})':>14}"
        f"{latency:12.0f}{f'({min(latencies_ms):.0f}-{max(latencies_ms):.0f})':>14}"
    )


if __name__ == "__main__":
    asyncio.run(main())
