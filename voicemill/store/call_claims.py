"""Claims on calls, so that the workers of a run do not send duplicate calls at the same time."""

import asyncio
import fcntl
import math
import os
import secrets
from collections.abc import Collection
from contextlib import suppress
from pathlib import Path
from typing import ClassVar, Final, Protocol

from voicemill.errors import StorageError
from voicemill.store import durable_files as durable
from voicemill.store.object_store import ObjectFolder

_PLACES: Final = 1 << 60


class Claims(Protocol):
    """The claims of one worker."""

    interval_s: ClassVar[float]
    """The time between two attempts to claim a call that another worker makes."""

    longest_s: ClassVar[float]
    """How long a claim can delay a call after a worker was lost, which may keep its claims."""

    async def claim(self, key: str) -> bool:
        """Claim the call with this key; False while another worker has claimed it. Raises `StorageError`."""

    async def release(self, key: str, *, is_answered: bool) -> None:
        """End a claim of this worker, if it has one. `is_answered`: the answer to the call is stored."""

    def give_up(self, lost: Collection[str]) -> None:
        """End the claims of workers that are lost."""

    def close(self) -> None:
        """End all claims of this worker."""


class CallClaims:
    """Record locks, each on one byte of a file: a claim costs microseconds and ends with its process.

    A process may open the file only once: closing it would end all its claims.
    """

    interval_s: ClassVar[float] = 0.1
    longest_s: ClassVar[float] = 30.0

    def __init__(self, path: Path) -> None:
        with durable.storage_errors(path):
            self._file = durable.owner_only(path, os.O_RDWR | os.O_CREAT)

    async def claim(self, key: str) -> bool:
        """Claim the call with this key; False while another process has claimed it."""
        try:
            fcntl.lockf(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, _place(key))
        except BlockingIOError:
            return False
        except OSError:  # A file system without locks: duplicate calls may be sent twice.
            return True
        return True

    async def release(self, key: str, *, is_answered: bool) -> None:
        """End a claim."""
        with suppress(OSError):
            fcntl.lockf(self._file, fcntl.LOCK_UN, 1, _place(key))

    def give_up(self, lost: Collection[str]) -> None:
        """The kernel ends the claims of processes that have ended."""

    def close(self) -> None:
        """End all claims."""
        os.close(self._file)


def _place(key: str) -> int:
    return int(key[:16], 16) % _PLACES


class ObjectClaims:
    """Objects, one for each claimed call, which a conditional write creates. Those of a lost worker are taken over."""

    interval_s: ClassVar[float] = 1.0
    longest_s: ClassVar[float] = math.inf

    def __init__(self, objects: ObjectFolder, below: str, worker: str) -> None:
        self._objects, self._below = objects, below
        self._content = f"{worker}\n{secrets.token_hex(8)}".encode()
        self._held: set[str] = set()
        self._lost: frozenset[str] = frozenset()

    async def claim(self, key: str) -> bool:
        """Claim the call with this key; False while another worker has claimed it. Raises `StorageError`."""
        if await asyncio.to_thread(self._claim, self._name(key)):
            self._held.add(key)
        return key in self._held

    def _claim(self, name: str) -> bool:
        if self._objects.create(name, self._content) is not None:
            return True
        found, content = self._objects.stat(name), self._objects.read(name)
        if content == self._content:  # A request that was repeated finds its own object.
            return True
        if found is None or content is None or content.decode().partition("\n")[0] not in self._lost:
            return False
        return self._objects.replace(name, self._content, found.etag) is not None

    async def release(self, key: str, *, is_answered: bool) -> None:
        """End a claim of this worker. That on an answered call stays until the run ends: others find the answer."""
        is_held = key in self._held
        self._held.discard(key)
        if is_held and not is_answered:
            with suppress(StorageError):
                await asyncio.to_thread(self._objects.delete, [self._name(key)])

    def give_up(self, lost: Collection[str]) -> None:
        """Take over the claims of workers that are lost, once a call needs them."""
        self._lost = frozenset(lost)

    def close(self) -> None:
        """Keep the claims, which end with the run."""

    def _name(self, key: str) -> str:
        return f"{self._below}/{key}"
