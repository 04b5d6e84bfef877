"""The lock of results in an object store: an object that one process writes anew every few seconds.

Object stores have no lock that ends with its process. A conditional write lets only one process create the object, and
only its holder can renew it. If it was not renewed for a while, its holder has died, and another process replaces it.
The waiting process measures that time itself, so clocks need not agree.
"""

import json
import os
import secrets
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any, Final

from voicemill.errors import ResultsLockedError, StorageError
from voicemill.store.object_store import ObjectFolder
from voicemill.store.results_folder import this_process

NAME: Final = ".voicemill/lease.json"
_RENEWED_EVERY_S: Final = 5.0
_ENDS_AFTER_S: Final = 30.0
_COUNTS_AS_LOST_AFTER_S: Final = 15.0
"""For readers, which cannot harm a run that is alive."""
_POLL_S: Final = 1.0


class BucketLease:
    """A lease on the results at an address, held by this process. Thread-safe."""

    def __init__(self, objects: ObjectFolder, etag: str) -> None:
        self._objects = objects
        self._etag = etag
        self._sent: list[bytes] = []
        """The contents of the renewals since the last one whose response arrived."""
        self._renewed_s = time.monotonic()
        self._is_lost = False
        self.after_renewal: Callable[[], None] = lambda: None
        """Called after each renewal; may raise `StorageError`."""
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._renew_until_the_end, name="lease", daemon=True)
        self._thread.start()

    def check(self) -> None:
        """Raise `StorageError` if another process may hold the lease by now; call it before each write."""
        if self._is_lost or time.monotonic() - self._renewed_s > _ENDS_AFTER_S - _RENEWED_EVERY_S:
            raise StorageError(
                f"{self._objects.address} is no longer locked by this run: the store could not be reached for "
                f"{_ENDS_AFTER_S - _RENEWED_EVERY_S:.0f} s, or another run took over; rerun the command to continue"
            )

    def release(self) -> None:
        """End the lease, so that the next run need not wait."""
        self._ended.set()
        self._thread.join()
        if not self._is_lost:
            with suppress(StorageError):  # it ends by itself
                self._objects.delete([NAME])

    def _renew_until_the_end(self) -> None:
        while not self._ended.wait(_RENEWED_EVERY_S):
            with suppress(StorageError):  # the store may be reachable again before the lease ends
                self._renew()
                if not self._is_lost:
                    self.after_renewal()

    def _renew(self) -> None:
        began_s, content = time.monotonic(), _content()
        self._sent.append(content)
        etag = self._objects.replace(NAME, content, self._etag) or self._etag_of_lost_response()
        if etag is None:
            self._is_lost = True
            self._ended.set()
        else:
            self._etag, self._renewed_s = etag, began_s
            self._sent.clear()

    def _etag_of_lost_response(self) -> str | None:
        """The ETag of a renewal that was written although its response was lost; None if another process wrote it."""
        before, content = self._objects.stat(NAME), self._objects.read(NAME)
        if before is None or content not in self._sent or self._objects.stat(NAME) != before:
            return None
        return before.etag


@contextmanager
def leased(objects: ObjectFolder) -> Iterator[BucketLease]:
    """Hold the lease on the results at an address. Raises `ResultsLockedError` with the process that holds it."""
    etag = objects.create(NAME, _content()) or _taken_over(objects)
    lease = BucketLease(objects, etag)
    try:
        yield lease
    finally:
        lease.release()


def is_held(objects: ObjectFolder) -> bool:
    """Whether a process holds the lease on the results at an address. Waits until it renews the lease, or does not."""
    first, waited_until_s = objects.list(NAME).get(NAME), time.monotonic() + _COUNTS_AS_LOST_AFTER_S
    while (found := objects.list(NAME).get(NAME)) is not None and time.monotonic() < waited_until_s:
        if found != first:
            return True
        time.sleep(_POLL_S)
    return False


def _taken_over(objects: ObjectFolder) -> str:
    """Wait until the lease of another process ends, and replace it. Returns the new ETag."""
    first, waited_until_s = objects.list(NAME).get(NAME), time.monotonic() + _ENDS_AFTER_S
    holder = objects.read_json(NAME)
    while first is not None and not _has_died(holder) and time.monotonic() < waited_until_s:
        time.sleep(_POLL_S)
        if objects.list(NAME).get(NAME) != first:
            break
    else:
        etag = objects.create(NAME, _content()) if first is None else objects.replace(NAME, _content(), first.etag)
        if etag is not None:
            return etag
    raise ResultsLockedError(
        f"{objects.address} is in use by {holder.get('process', 'another process')}; wait for it, or choose another "
        "address with -o"
    )


def _content() -> bytes:
    """The holder, and a new number each time, because an ETag depends on the content alone."""
    names = {"process": this_process(), "host": socket.gethostname(), "pid": os.getpid()}
    return json.dumps(names | {"renewal": secrets.token_hex(8)}).encode()


def _has_died(holder: dict[str, Any]) -> bool:
    """Whether the holder ran on this host and exists no more."""
    if holder.get("host") != socket.gethostname():
        return False
    try:
        os.kill(int(holder.get("pid", 0)), 0)
    except ProcessLookupError:
        return True
    except (OSError, ValueError):
        pass
    return False
