"""A small flow run with a server lease, started by tests: `python -m tests.flows.small_run TASKS [block]`.

Prints the API's address. With `block` the first task prints "blocked" and waits for the end of standard input before
the others start. With 0 tasks it does not import Prefect, which takes three seconds of CPU.
"""

import asyncio
import sys
from typing import TYPE_CHECKING, Any

from flows.prefect_server import ensure
from voicemill.errors import VoicemillError

if TYPE_CHECKING:
    from collections.abc import Coroutine


def small_flow(tasks: int, *, block: bool) -> "Coroutine[Any, Any, None]":
    """A flow of `tasks` concurrent tasks that each log one line. With `block` the first one runs alone and waits."""
    from prefect import flow, get_run_logger, task
    from prefect.cache_policies import NO_CACHE

    @task(cache_policy=NO_CACHE, persist_result=False)
    async def one(number: int, *, block: bool = False) -> None:
        get_run_logger().warning("task %d logged", number)
        if block:
            print("blocked", flush=True)  # noqa: T201 - the test waits for this line
            await asyncio.to_thread(sys.stdin.read)

    @flow(name="small run")
    async def run() -> None:
        if block:
            await one(0, block=True)
        await asyncio.gather(*(one(number) for number in range(int(block), tasks)))

    return run()


def main() -> None:
    """Print the server's address and run the flow."""
    tasks = int(sys.argv[1])
    if tasks == 0:
        ensure._import_prefect_engine = lambda: None
    with ensure.ensure_server() as lease:
        print(lease.wait_until_ready(), flush=True)  # noqa: T201
        if tasks:
            asyncio.run(small_flow(tasks, block="block" in sys.argv))


if __name__ == "__main__":
    try:
        main()
    except VoicemillError as error:
        sys.exit(f"{type(error).__name__}: {error}")
