"""Wait for a coroutine in a script, or in a notebook whose thread has a running event loop."""

import asyncio
import threading
from collections.abc import Coroutine
from typing import Any, TypeVar

from voicemill.pipeline.graceful_shutdown import StopRequest

T = TypeVar("T")


def wait_for(work: Coroutine[Any, Any, T], stop: StopRequest | None = None) -> T:
    """The result of `work`, in a separate thread if this thread has a running event loop.

    With `stop`, the first Ctrl-C requests a graceful stop; the second one is raised.
    """
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return asyncio.run(work)
    results: list[T] = []
    errors: list[BaseException] = []

    def target() -> None:
        try:
            results.append(asyncio.run(work))
        except BaseException as error:
            errors.append(error)

    thread = threading.Thread(target=target, name="voicemill", daemon=True)
    thread.start()
    _join(thread, stop)
    if errors:
        raise errors[0]
    return results[0]


def _join(thread: threading.Thread, stop: StopRequest | None) -> None:
    while thread.is_alive():
        try:
            thread.join()
        except KeyboardInterrupt:
            if stop is None or stop.requested:
                raise
            stop.request()
