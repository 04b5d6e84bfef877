"""A worker that shares a concurrency limit: `python -m tests.flows.sharing_worker NAME LOG SECONDS SLOTS`.

Makes as many concurrent calls of 20 ms as the limit allows, and logs the begin and end of each to LOG, which all
workers share. Exits after SECONDS, or on SIGTERM, once its calls have ended.
"""

import asyncio
import os
import signal
import sys
import time

from flows.shared_concurrency import shared_slots
from voicemill.errors import VoicemillError
from voicemill.limits.adaptive_concurrency import Bounds
from voicemill.limits.concurrency import ConcurrencyLimiter


async def work(name: str, log: int, seconds: float, slots: int) -> None:
    """Make calls until the time is over."""
    limiter = ConcurrencyLimiter("tts", Bounds.exactly(slots), lambda _line: None)
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGTERM, stopping.set)
    loop.call_later(seconds, stopping.set)

    def write_log(event: str) -> None:
        os.write(log, f"{os.getpid()} {event} {time.monotonic():.4f}\n".encode())

    def stop(error: VoicemillError) -> None:
        sys.exit(str(error))

    async def make_calls() -> None:
        while not stopping.is_set():
            async with limiter.semaphore:
                if not stopping.is_set():
                    write_log("begin")
                    await asyncio.sleep(0.02)
                    write_log("end")

    async with shared_slots(name, {"tts": limiter}, {"tts": slots}, stop):
        callers = [asyncio.create_task(make_calls()) for _ in range(slots * 2)]
        await stopping.wait()
        limiter.end()
        await asyncio.wait(callers)


if __name__ == "__main__":
    name, log, seconds, slots = sys.argv[1:]
    asyncio.run(work(name, os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND), float(seconds), int(slots)))
