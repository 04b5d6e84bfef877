"""Speed of the served engine: audio per second of wall time and latency of speech, by format and concurrency; then, for
every audio endpoint, also the time to the first chunk of the response and the memory of the workers.

python -m benchmarks.engine_speed [--runs 5]
"""

import argparse
import asyncio
import os
import statistics
import tempfile
import time
from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import httpx

from benchmarks.engine_server import ServedEngine, served_engine
from voicemill.model.machine import available_cores


class Timing(NamedTuple):
    """Seconds to the first byte of a response, and to its end."""

    first_s: float
    whole_s: float


Call = Callable[[], Awaitable[Timing]]

REQUESTS = 16
PAGE, REPEATS = 20, 4
TEXT = (
    "The rainbow is a division of white light into many beautiful colors. These take the shape of a long round "
    "arch, with its path high above, and its two ends apparently beyond the horizon."
)
FORMATS: dict[str, dict[str, Any]] = {
    "wav": {"container": "wav", "sample_rate": 44100, "encoding": "pcm_s16le"},
    "mp3": {"container": "mp3", "sample_rate": 44100, "bit_rate": 128000},
}
RAW = {"container": "raw", "sample_rate": 44100, "encoding": "pcm_s16le"}
KEY = {"X-API-Key": "k"}
SARAH = "694f9389-aac1-45b6-b726-9d9369183238"


async def main(runs: int) -> None:
    """Print both tables."""
    with served_engine(Path(tempfile.mkdtemp())) as engine:
        async with httpx.AsyncClient(base_url=engine.url, headers=KEY, timeout=120) as client:
            cold = await timed(client, "/tts/bytes", json=speech_body(FORMATS["wav"]))
            print(f"first answer of a cold engine: {cold.whole_s:.2f} s")
            await print_speech(client, runs)
            await print_endpoints(client, engine, runs)


async def print_speech(client: httpx.AsyncClient, runs: int) -> None:
    """Measure speech by format and concurrency."""
    seconds = await audio_s(client)
    print(f"{available_cores()} cores, load {os.getloadavg()[0]:.1f}; {REQUESTS} requests, {seconds:.0f} s of audio")
    print(f"{'format':8}{'at once':>8}{'audio s per s':>16}{'(min-max)':>14}{'latency ms':>12}{'(min-max)':>14}")
    for name, format in FORMATS.items():
        for concurrency in (1, 2, 8):
            measured = [await run(client, format, concurrency) for _ in range(runs)]
            speeds, latencies_ms = [seconds / wall for wall, _ in measured], [1000 * late for _, late in measured]
            speed, latency = statistics.median(speeds), statistics.median(latencies_ms)
            print(
                f"{name:8}{concurrency:8}{speed:16.0f}{f'({min(speeds):.0f}-{max(speeds):.0f})':>14}"
                f"{latency:12.0f}{f'({min(latencies_ms):.0f}-{max(latencies_ms):.0f})':>14}",
                flush=True,
            )


async def run(client: httpx.AsyncClient, format: dict[str, Any], concurrency: int) -> tuple[float, float]:
    """The wall time of all requests in seconds, and the median latency."""
    slots = asyncio.Semaphore(concurrency)

    async def one(number: int) -> float:
        async with slots:
            return (await timed(client, "/tts/bytes", json=speech_body(format, number))).whole_s

    begun = time.perf_counter()
    latencies = await asyncio.gather(*(one(number) for number in range(REQUESTS)))
    return time.perf_counter() - begun, statistics.median(latencies)


async def audio_s(client: httpx.AsyncClient) -> float:
    """The seconds of audio that all requests of a run return."""
    raw = {"container": "raw", "sample_rate": 8000, "encoding": "pcm_mulaw"}
    bodies = [await posted(client, "/tts/bytes", json=speech_body(raw, number)) for number in range(REQUESTS)]
    return sum(map(len, bodies)) / 8000


async def print_endpoints(client: httpx.AsyncClient, engine: ServedEngine, runs: int) -> None:
    """Measure each audio endpoint, one request at a time: speed, time to first audio, memory."""
    print(f"\n{'endpoint':24}{'audio s':>8}{'audio s per s':>16}{'(min-max)':>14}{'first ms':>10}{'worker MiB':>12}")
    for name, call, clip_s in await endpoints(client):
        await call()
        engine.forget_peaks()
        timings = [await call() for _ in range(runs)]
        speeds = [clip_s / timing.whole_s for timing in timings]
        first_ms = 1000 * statistics.median(timing.first_s for timing in timings)
        print(
            f"{name:24}{clip_s:8.1f}{statistics.median(speeds):16.1f}{f'({min(speeds):.1f}-{max(speeds):.1f})':>14}"
            f"{first_ms:10.0f}{engine.worker_peak_bytes() >> 20:12}",
            flush=True,
        )


async def endpoints(client: httpx.AsyncClient) -> list[tuple[str, Call, float]]:
    """Every audio endpoint with the duration of the audio that it receives or returns."""
    said_once = speech_body(FORMATS["wav"])
    clip = await posted(client, "/tts/bytes", json=said_once)
    long_clip = await posted(client, "/tts/bytes", json=said_once | {"transcript": f"{TEXT} " * REPEATS})
    clip_s, long_clip_s = wav_s(clip), wav_s(long_clip)
    file = ("blob", clip)
    form = format_fields(FORMATS["wav"])
    said = form | {"model_id": "sonic-2", "transcript": TEXT, "voice_id": SARAH}
    raw = speech_body(RAW)
    page = raw | {"transcript": f"{TEXT} " * PAGE}
    changer = {"files": {"clip": file}, "data": form | {"voice[id]": SARAH}}
    streamed = {"files": {"clip": ("blob", long_clip)}, "data": format_fields(RAW) | {"voice[id]": SARAH}}
    call = partial(partial, timed, client)
    return [
        ("tts/bytes", call("/tts/bytes", json=said_once), clip_s),
        ("tts/sse", call("/tts/sse", json=raw | {"add_timestamps": True}), clip_s),
        (f"tts/sse of {PAGE} times that", call("/tts/sse", json=page), PAGE * clip_s),
        ("stt", call("/stt", files={"file": file}, data={"model": "ink-whisper"}), clip_s),
        ("voice-changer/bytes", call("/voice-changer/bytes", **changer), clip_s),
        ("voice-changer/sse, raw", call("/voice-changer/sse", **streamed), long_clip_s),
        ("infill/bytes", call("/infill/bytes", files={"left_audio": file}, data=said), clip_s),
        ("voices/clone", call("/voices/clone", files={"clip": file}, data={"name": "n"}), clip_s),
    ]


def wav_s(wav: bytes) -> float:
    """The duration of a WAV of `FORMATS`, in seconds."""
    return (len(wav) - 44) / 2 / 44100


def format_fields(format: dict[str, Any]) -> dict[str, str]:
    """A format as form fields."""
    return {f"output_format[{name}]": str(value) for name, value in format.items()}


def speech_body(format: dict[str, Any], number: int = 0) -> dict[str, Any]:
    """A TTS request; each number gives another text."""
    return {"model_id": "sonic-2", "transcript": f"Number {number}. {TEXT}", "voice": SARAH, "output_format": format}


async def posted(client: httpx.AsyncClient, path: str, **sent: Any) -> bytes:
    """The body of a successful response."""
    return (await client.post(path, **sent)).raise_for_status().content


async def timed(client: httpx.AsyncClient, path: str, **sent: Any) -> Timing:
    """The times of the first and the last chunk of a successful response."""
    begun = time.perf_counter()
    first_s = None
    async with client.stream("POST", path, **sent) as response:
        response.raise_for_status()
        async for _ in response.aiter_raw():
            first_s = first_s or time.perf_counter() - begun
    whole_s = time.perf_counter() - begun
    return Timing(first_s or whole_s, whole_s)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=5, help="repetitions of each measurement")
    asyncio.run(main(parser.parse_args().runs))
