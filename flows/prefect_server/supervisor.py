"""A server that dies under a run is replaced at the same address, so that the run does not notice."""

import threading
from contextlib import suppress
from urllib.parse import urlsplit

from flows.prefect_server.launch import find_or_launch
from flows.prefect_server.lease import Rendezvous

CHECK_EVERY_S = 2.0


class Watch:
    """Looks after the server of a lease, in a thread, between `start` and `stop`.

    Prefect's client asks again for two and a half minutes before it gives a run up; a start takes seconds.
    """

    def __init__(self, rendezvous: Rendezvous, api_url: str) -> None:
        self._rendezvous = rendezvous
        self._port = urlsplit(api_url).port or 0
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._look_after, name="prefect-server-watch", daemon=True)

    def start(self) -> None:
        """Begin; a second start changes nothing."""
        if not self._thread.is_alive():
            self._thread.start()

    def stop(self) -> None:
        """End, without a further start of the server."""
        self._stopped.set()
        if self._thread.is_alive():
            self._thread.join()

    def _look_after(self) -> None:
        while not self._stopped.wait(CHECK_EVERY_S):
            # A full disk, or somebody else at the port: looked at again, and Prefect's client says what it misses.
            with suppress(OSError):
                self._replace_if_gone()

    def _replace_if_gone(self) -> None:
        if self._rendezvous.is_served():
            return
        _, launcher = find_or_launch(self._rendezvous, self._port)
        if launcher is not None:
            launcher.wait()
