"""Stop a run gracefully on Ctrl-C or SIGTERM, or when another thread requests it."""

import asyncio
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from threading import Lock

_SIGNALS = (signal.SIGINT, signal.SIGTERM)


class StopRequest:
    """A request to stop one run, which any thread may make, before or while the run works."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._stop: Callable[[], object] | None = None
        self.requested = False

    def request(self) -> None:
        """Let the run finish its calls in flight, publish, and return."""
        with self._lock:
            self.requested = True
            if self._stop is not None:
                self._stop()

    @contextmanager
    def calls(self, stop: Callable[[], None]) -> Iterator[None]:
        """Call `stop` in the running event loop when the request is made, or at once if it was made before."""
        loop = asyncio.get_running_loop()
        with self._lock:
            self._stop = lambda: loop.call_soon_threadsafe(stop)
            if self.requested:
                self._stop()
        try:
            yield
        finally:
            with self._lock:
                self._stop = None


@contextmanager
def stop_on_signals(stop: Callable[[], None]) -> Iterator[None]:
    """Call `stop` at the first Ctrl-C or SIGTERM; the second one ends the process at once.

    Outside the main thread this does nothing: whoever started the thread handles signals.
    """
    loop = asyncio.get_running_loop()
    before = {number: signal.getsignal(number) for number in _SIGNALS}

    def stop_once() -> None:
        for number in _SIGNALS:
            loop.remove_signal_handler(number)
            signal.signal(number, signal.SIG_DFL)
        stop()

    try:
        for number in _SIGNALS:
            loop.add_signal_handler(number, stop_once)
    except (ValueError, RuntimeError):
        yield
        return
    try:
        yield
    finally:
        for number in _SIGNALS:
            with suppress(ValueError):
                loop.remove_signal_handler(number)
                signal.signal(number, before[number])
