"""Workers that share a concurrency limit: `python -m tests.flows.sharing_worker NAME LOG SECONDS SLOTS COUNT`.

Forks COUNT workers and prints their process ids, separated by spaces. Exits once all of them have, with the highest
exit code. Each worker makes as many concurrent calls of 60 ms as the limit allows, and logs the begin and end of each
to LOG, which all workers share. It exits after SECONDS, or on SIGTERM, once its calls have ended.
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
                    await asyncio.sleep(0.06)
                    write_log("end")

    async with shared_slots(name, {"tts": limiter}, {"tts": slots}, stop):
        callers = [asyncio.create_task(make_calls()) for _ in range(slots * 2)]
        await stopping.wait()
        limiter.end()
        await asyncio.wait(callers)


if __name__ == "__main__":
    name, log, seconds, slots, count = sys.argv[1:]
    workers = []
    for _ in range(int(count)):
        if (worker := os.fork()) == 0:
            asyncio.run(work(name, os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND), float(seconds), int(slots)))
            sys.exit()
        workers.append(worker)
    print(*workers, flush=True)  # noqa: T201 - the test reads this line
    sys.exit(max(os.waitstatus_to_exitcode(os.waitpid(worker, 0)[1]) for worker in workers))
