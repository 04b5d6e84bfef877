"""A small flow run through a lease, as a process that tests start: `python -m tests.flows.small_run TASKS [hold]`.

Prints the API's address. With `hold` each task says "held" and waits for the end of the standard input.
"""

import asyncio
import sys
from typing import TYPE_CHECKING, Any

from flows.prefect_server.ensure import ensure_server
from voicemill.errors import VoicemillError

if TYPE_CHECKING:
    from collections.abc import Coroutine


def small_flow(tasks: int, *, hold: bool) -> "Coroutine[Any, Any, None]":
    """A flow of so many tasks at once, each with a line for the log."""
    from prefect import flow, get_run_logger, task
    from prefect.cache_policies import NO_CACHE

    @task(cache_policy=NO_CACHE, persist_result=False)
    async def one(number: int) -> None:
        get_run_logger().warning("task %d was here", number)
        if hold:
            print("held", flush=True)  # noqa: T201 - said to the test
            await asyncio.to_thread(sys.stdin.read)

    @flow(name="small run")
    async def run() -> None:
        await asyncio.gather(*(one(number) for number in range(tasks)))

    return run()


def main() -> None:
    """Run, and say where."""
    with ensure_server() as lease:
        print(lease.wait_until_ready(), flush=True)  # noqa: T201
        asyncio.run(small_flow(int(sys.argv[1]), hold="hold" in sys.argv))


if __name__ == "__main__":
    try:
        main()
    except VoicemillError as error:
        sys.exit(f"{type(error).__name__}: {error}")
