"""How runs and their shared Prefect server find each other and part, without a race and without a stale state.

All is told by file locks, which the kernel drops when a process ends, however it ends:

- a run holds `lease.lock` shared, for as long as it needs the server;
- the server holds `server.json`, its registration, exclusively for as long as it lives. The lock is taken by the run
  that starts it and goes over with the open file, so there is no moment in which two runs could start two servers;
- `start.lock` is held while a run reads the registration and starts the server if nobody holds it;
- the server may retire only while it holds `lease.lock` exclusively: no run is between "I need it" and "it is there".
"""

import fcntl
import hashlib
import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Self

from voicemill.errors import ConfigError

IDENTITY_PREFIXES = ("PREFECT_SERVER_", "PREFECT_API_DATABASE_")


class Registration:
    """The open `server.json`: its content is valid while somebody else holds its lock."""

    def __init__(self, file: IO[str], api_url: str | None) -> None:
        self._file = file
        self.api_url = api_url

    def fileno(self) -> int:
        """The descriptor that carries the lock, to be handed to the server."""
        return self._file.fileno()

    def write(self, api_url: str) -> None:
        """Say where the server will be; to be called before it is started."""
        self._file.truncate()
        json.dump({"api_url": api_url}, self._file)
        self._file.flush()


class Rendezvous:
    """One run's place at the meeting point of one server: a folder per Prefect home, version and server settings."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.log_path = folder / "server.log"
        self._lease = _locked(folder / "lease.lock", fcntl.LOCK_SH)

    @classmethod
    def join(cls, home: Path, version: str, settings: Mapping[str, str]) -> Self:
        """Take a lease. Servers of another version or for another database meet elsewhere."""
        identity = {name: value for name, value in settings.items() if name.startswith(IDENTITY_PREFIXES)}
        digest = hashlib.sha256(json.dumps(identity, sort_keys=True).encode()).hexdigest()
        folder = home / "voicemill" / f"server-{version}-{digest[:8]}"
        try:
            folder.mkdir(parents=True, exist_ok=True)
            return cls(folder)
        except OSError as error:
            raise ConfigError(
                f"Prefect's folder {home} cannot be written ({error.strerror}). "
                "Make it writable, or set PREFECT_HOME to a folder that is."
            ) from error

    @contextmanager
    def starting(self) -> Iterator[Registration]:
        """Hold the right to start the server; the registration says whether one is there already."""
        with _locked(self.folder / "start.lock", fcntl.LOCK_EX), _opened(self.folder / "server.json") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                yield Registration(file, json.load(file)["api_url"])
            else:
                yield Registration(file, None)

    def is_served(self) -> bool:
        """Whether the process that holds the registration lives."""
        with _opened(self.folder / "server.json") as file:
            return not _try_lock(file, fcntl.LOCK_SH)

    def leave(self) -> None:
        """Give the lease back; harmless when done twice."""
        self._lease.close()


class Tenancy:
    """The server's side: who still needs me?"""

    def __init__(self, folder: Path, registration_fd: int) -> None:
        self._lease = _opened(folder / "lease.lock")
        self._registration = os.fdopen(registration_fd, "r+")

    def retire_if_unused(self, *, long_enough: bool) -> bool:
        """Whether nobody holds a lease now; with `long_enough`, the registration is given up in the same breath."""
        if not _try_lock(self._lease, fcntl.LOCK_EX):
            return False
        if long_enough:
            self._registration.close()
        fcntl.flock(self._lease, fcntl.LOCK_UN)
        return True


def _opened(path: Path) -> IO[str]:
    return os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT, 0o600), "r+")


def _locked(path: Path, operation: int) -> IO[str]:
    file = _opened(path)
    fcntl.flock(file, operation)
    return file


def _try_lock(file: IO[str], operation: int) -> bool:
    with suppress(BlockingIOError):
        fcntl.flock(file, operation | fcntl.LOCK_NB)
        return True
    return False
