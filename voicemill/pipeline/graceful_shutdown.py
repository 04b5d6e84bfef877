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

    A signal stops every run of the event loop. Outside the main thread this does nothing: whoever started the thread
    handles signals.
    """
    loop = asyncio.get_running_loop()
    handlers = _handlers.get(loop) or _SignalHandlers(loop)
    if not handlers.stops and not handlers.install():
        yield
        return
    _handlers[loop] = handlers
    handlers.stops.append(stop)
    try:
        yield
    finally:
        handlers.stops.remove(stop)
        if not handlers.stops:
            del _handlers[loop]
            handlers.restore()


class _SignalHandlers:
    """The signal handlers of one event loop, and what they call."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._before = {number: signal.getsignal(number) for number in _SIGNALS}
        self.stops: list[Callable[[], None]] = []

    def install(self) -> bool:
        """Handle the signals; False outside the main thread."""
        try:
            for number in _SIGNALS:
                self._loop.add_signal_handler(number, self._stop_all)
        except (ValueError, RuntimeError):
            return False
        return True

    def restore(self) -> None:
        """Put the handlers back that were there before."""
        for number, handler in self._before.items():
            with suppress(ValueError):
                self._loop.remove_signal_handler(number)
                signal.signal(number, handler)

    def _stop_all(self) -> None:
        for number in _SIGNALS:
            self._loop.remove_signal_handler(number)
            signal.signal(number, signal.SIG_DFL)
        for stop in list(self.stops):
            stop()


_handlers: dict[asyncio.AbstractEventLoop, _SignalHandlers] = {}
"""The handlers of the event loops with active runs."""
