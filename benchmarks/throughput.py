"""Items per second and CPU per item, compared with a bare aiohttp loop without guarantees and with naive approaches.

    python -m benchmarks.throughput                  # 0.2 s latency, no rate limit, 15 and 64 slots
    python -m benchmarks.throughput --runs 1 --slots 15

All variants use one service without a limit, each in a separate process. Items per second count from the first call to
the published tables. CPU per item is the difference between 3,000 and 1,000 rows, which excludes the start-up.
"""

import argparse
import asyncio
import json
import math
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import aiohttp
import httpx

from benchmarks.fake_cartesia import VOICE_ID

LATENCY_S = 0.2
QUESTION = {
    "model_id": "sonic-2",
    "transcript": "",
    "voice": {"mode": "id", "id": VOICE_ID},
    "output_format": {"container": "wav", "sample_rate": 44100, "encoding": "pcm_s16le"},
    "language": "en",
}
Request = Callable[[int], Awaitable[bytes]]
Keep = Callable[[int, bytes], Awaitable[None] | None]


def _text(number: int) -> str:
    return f"Utterance number {number}."


async def _with_slots(rows: int, slots: int, request: Request, keep: Keep) -> None:
    gate = asyncio.Semaphore(slots)

    async def one(number: int) -> None:
        async with gate:
            body = await request(number)
            kept = keep(number, body)
        if kept is not None:
            await kept

    await asyncio.gather(*(one(number) for number in range(rows)))


def _plainly(folder: Path) -> Keep:
    def keep(number: int, body: bytes) -> None:
        (folder / f"{number}.wav").write_bytes(body)

    return keep


def _durably(folder: Path) -> Keep:
    """Write two durable files per row, an answer and an output, each with fsync and rename."""
    answers = folder / "answers"
    answers.mkdir()

    def write(path: Path, body: bytes) -> None:
        partial = path.with_suffix(".partial")
        with partial.open("wb") as file:
            file.write(body)
            file.flush()
            os.fsync(file.fileno())
        partial.replace(path)

    def write_both(number: int, body: bytes) -> None:
        write(answers / f"{number}.answer", body)
        write(folder / f"{number}.wav", body)

    return lambda number, body: asyncio.to_thread(write_both, number, body)


async def floor(base_url: str, rows: int, slots: int, folder: Path) -> float:
    """Bare aiohttp, a semaphore, plain writes: no durability, no checks, no tables."""
    return await _bare(base_url, rows, slots, _plainly(folder))


async def durable_floor(base_url: str, rows: int, slots: int, folder: Path) -> float:
    """The same loop with the minimum for durable answers: no checks, no tables."""
    return await _bare(base_url, rows, slots, _durably(folder))


async def _bare(base_url: str, rows: int, slots: int, keep: Keep) -> float:
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=slots)) as session:

        async def request(number: int) -> bytes:
            question = QUESTION | {"transcript": _text(number)}
            async with session.post(f"{base_url}/tts/bytes", json=question, headers={"X-API-Key": "k"}) as response:
                return await response.read()

        started = time.monotonic()
        await _with_slots(rows, slots, request, keep)
        return time.monotonic() - started


async def plain_httpx(base_url: str, rows: int, slots: int, folder: Path) -> float:
    """The same loop over httpx's own pool."""
    limits = httpx.Limits(max_connections=slots, max_keepalive_connections=slots)
    async with httpx.AsyncClient(limits=limits, timeout=60) as client:

        async def request(number: int) -> bytes:
            question = QUESTION | {"transcript": _text(number)}
            response = await client.post(f"{base_url}/tts/bytes", json=question, headers={"X-API-Key": "k"})
            return response.content

        started = time.monotonic()
        await _with_slots(rows, slots, request, _plainly(folder))
        return time.monotonic() - started


async def task_per_row(base_url: str, rows: int, slots: int, folder: Path) -> float:
    """Prefect's documented pattern: one task per row."""
    from prefect import flow, task
    from prefect.cache_policies import NO_CACHE

    gate = asyncio.Semaphore(slots)
    async with httpx.AsyncClient(timeout=60) as client:

        @task(cache_policy=NO_CACHE, persist_result=False)
        async def speak(number: int) -> None:
            async with gate:
                question = QUESTION | {"transcript": _text(number)}
                response = await client.post(f"{base_url}/tts/bytes", json=question, headers={"X-API-Key": "k"})
                (folder / f"{number}.wav").write_bytes(response.content)

        @flow(persist_result=False)
        async def speak_all() -> float:
            started = time.monotonic()
            await asyncio.gather(*(speak(number) for number in range(rows)))
            return time.monotonic() - started

        return await speak_all()


async def voicemill(base_url: str, rows: int, slots: int, folder: Path) -> float:
    """The product: durable answers and files, tables, a Prefect flow."""
    from flows.tts import tts
    from voicemill.config import load_settings
    from voicemill.pipeline import progress

    manifest = folder / "manifest.csv"
    lines = (f"r{number:06d},{_text(number)}" for number in range(rows))
    manifest.write_text("\n".join(["id,transcript", *lines]) + "\n")
    settings = load_settings(service={"base_url": base_url}, pace={"min_concurrency": slots, "max_concurrency": slots})
    first_call = _time_of_first_report(progress)
    state = await tts(str(manifest), str(folder / "results"), settings, return_state=True)
    took_s = time.monotonic() - first_call()
    summary: Any = await state.aresult()
    assert summary.rows["done"] == rows, summary
    return took_s


def _time_of_first_report(progress: object) -> Callable[[], float]:
    """The time at which the run starts to report progress, as the start of the fan-out."""
    began: list[float] = []
    report = progress._write  # type: ignore[attr-defined]

    def noted(*args: object) -> None:
        began.append(time.monotonic())
        report(*args)

    progress._write = noted  # type: ignore[attr-defined]
    return lambda: began[0]


WAYS = {way.__name__: way for way in (floor, durable_floor, plain_httpx, task_per_row, voicemill)}


def _one(way: str, base_url: str, rows: int, slots: int, folder: str) -> None:
    took_s = asyncio.run(WAYS[way](base_url, rows, slots, Path(folder)))
    used = resource.getrusage(resource.RUSAGE_SELF)
    cpu_s = used.ru_utime + used.ru_stime
    print(json.dumps({"took_s": took_s, "cpu_s": cpu_s, "system_s": used.ru_stime, "rss_mb": used.ru_maxrss / 1024}))


@contextmanager
def service(latency_s: float, *options: str) -> Iterator[str]:
    """Run the fake service in a separate process; yields its base URL."""
    command = [sys.executable, "-m", "benchmarks.fake_cartesia", "--latency", str(latency_s), *options]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        try:
            yield f"http://127.0.0.1:{int(process.stdout.readline())}"
        finally:
            process.kill()


def measure(way: str, base_url: str, rows: int, slots: int) -> dict[str, float]:
    """Run one variant in a separate process."""
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "benchmarks.throughput", "--one", way, base_url, str(rows), str(slots), folder]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(done.stderr)
    figures: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return figures


def _median(figures: list[float]) -> str:
    return f"{statistics.median(figures):8.2f} ({min(figures):.2f}–{max(figures):.2f})"


def _compare(base_url: str, slots: int, runs: int, ways: list[str]) -> None:
    many, few = 3000, 1000
    rates: dict[str, list[float]] = {way: [] for way in ways}
    cpu_ms: dict[str, list[float]] = {way: [] for way in ways}
    for _ in range(runs):
        for way in ways:
            scale = 10 if way == "task_per_row" else 1
            large = measure(way, base_url, many // scale, slots)
            small = measure(way, base_url, few // scale, slots)
            rates[way].append(many / scale / large["took_s"])
            cpu_ms[way].append((large["cpu_s"] - small["cpu_s"]) / ((many - few) / scale) * 1000)
    floor_rate = statistics.median(rates.get("floor", [math.nan]))
    durable_cpu = statistics.median(cpu_ms.get("durable_floor", [math.nan]))
    print(f"\n{slots} slots, {LATENCY_S} s latency: at most {slots / LATENCY_S:.0f} items/s by arithmetic; {runs} runs")
    print(f"{'':14} {'items/s (spread)':26} {'of the floor':>12}   {'CPU ms/item (spread)':26} {'of durable':>12}")
    for way in ways:
        rate, cpu = statistics.median(rates[way]), statistics.median(cpu_ms[way])
        print(
            f"{way:14} {_median(rates[way]):26} {rate / floor_rate:12.3f}   "
            f"{_median(cpu_ms[way]):26} {cpu / durable_cpu:12.2f}"
        )


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--one", nargs=5, metavar=("WAY", "URL", "ROWS", "SLOTS", "FOLDER"), help=argparse.SUPPRESS)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--slots", type=int, nargs="*", default=[15, 64])
    parser.add_argument("--ways", nargs="*", default=list(WAYS), choices=list(WAYS))
    arguments = parser.parse_args()
    if arguments.one:
        way, base_url, rows, slots, folder = arguments.one
        _one(way, base_url, int(rows), int(slots), folder)
        return
    from flows.prefect_server.ensure import ensure_server

    with ensure_server() as lease, service(LATENCY_S) as base_url:
        lease.wait_until_ready()
        for slots in arguments.slots:
            _compare(base_url, slots, arguments.runs, arguments.ways)


if __name__ == "__main__":
    main()
