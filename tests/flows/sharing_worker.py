"""A worker that shares a limit with others: `python -m tests.flows.sharing_worker NAME LOG SECONDS SLOTS`.

Makes calls of 20 ms, as many at once as it may, and notes the begin and end of each in LOG, which all workers share.
Ends in order after SECONDS, or when it is told to terminate.
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
    """Call until the time is over."""
    lane = ConcurrencyLimiter("tts", Bounds.exactly(slots), lambda _line: None)
    over = asyncio.Event()
    loop = asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGTERM, over.set)
    loop.call_later(seconds, over.set)

    def note(event: str) -> None:
        os.write(log, f"{os.getpid()} {event} {time.monotonic():.4f}\n".encode())

    def stop(error: VoicemillError) -> None:
        sys.exit(str(error))

    async def call_on() -> None:
        while not over.is_set():
            async with lane.slots:
                if not over.is_set():
                    note("begin")
                    await asyncio.sleep(0.02)
                    note("end")

    async with shared_slots(name, {"tts": lane}, {"tts": slots}, stop):
        callers = [asyncio.create_task(call_on()) for _ in range(slots * 2)]
        await over.wait()
        lane.end()
        await asyncio.wait(callers)


if __name__ == "__main__":
    name, log, seconds, slots = sys.argv[1:]
    asyncio.run(work(name, os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND), float(seconds), int(slots)))
