"""How runs and their shared Prefect server find each other and part, without a race and without a stale state.

All is told by file locks, which the kernel drops when a process ends, however it ends:

- a run holds `lease.lock` shared, for as long as it needs the server;
- the server holds `server.json`, its registration, exclusively for as long as it lives. The lock is taken by the run
  that starts it and goes over with the open file, so there is no moment in which two runs could start two servers;
- `start.lock` is held while a run reads the registration, and starts the server if nobody holds it;
- the server may retire, which empties the registration, only while it holds `lease.lock` exclusively: then no run is
  between "I need it" and "it is there".
"""

import fcntl
import hashlib
import json
import os
import time
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import IO, Self

from voicemill.errors import ConfigError

# What decides which data a server shows, and to whom. Servers that differ in it are never shared.
IDENTITY_PREFIXES = ("PREFECT_SERVER_DATABASE_", "PREFECT_API_DATABASE_", "PREFECT_SERVER_API_")

# The server itself holds the lease for the blink in which it looks whether a run does; a run holds it longer.
LOOK_S = 1.0


class Registration:
    """The open `server.json`, locked by whoever opened it first: a server that lives, or else the caller."""

    def __init__(self, path: Path) -> None:
        self._file = _opened(path)
        self.is_held = not _try_lock(self._file, fcntl.LOCK_EX)
        content = self._file.read() if self.is_held else ""
        self.api_url: str | None = json.loads(content)["api_url"] if content else None

    @property
    def has_retired(self) -> bool:
        """Whether its server takes no more runs, and still lives."""
        return self.is_held and self.api_url is None

    def fileno(self) -> int:
        """The descriptor that carries the lock, to be handed to the server."""
        return self._file.fileno()

    def write(self, api_url: str) -> None:
        """Say where the server will be; to be called before it is started."""
        self._file.truncate()
        json.dump({"api_url": api_url}, self._file)
        self._file.flush()

    def close(self) -> None:
        """Close the file, which gives up the lock unless a server has inherited it."""
        self._file.close()


class Rendezvous:
    """One run's place at the meeting point of one server: a folder per Prefect home, version and server settings."""

    def __init__(self, folder: Path) -> None:
        self.log_path = folder / "server.log"
        self.folder = folder
        self._lease = _locked(folder / "lease.lock", fcntl.LOCK_SH)

    @classmethod
    def join(cls, home: Path, version: str, settings: Mapping[str, str]) -> Self:
        """Take a lease. Raises `ConfigError` when the home cannot be written."""
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
        path = self.folder / "server.json"
        with self._right_to_start():
            registration = Registration(path)
            if registration.has_retired:
                registration.close()
                path.unlink()  # the server on its way out keeps its lock, on a file without a name
                registration = Registration(path)
            with closing(registration):
                yield registration

    def is_served(self) -> bool:
        """Whether the process that holds the registration lives."""
        with self._right_to_start(), closing(Registration(self.folder / "server.json")) as registration:
            return registration.is_held

    def leave(self) -> None:
        """Give the lease back; harmless when done twice."""
        self._lease.close()

    def wait_until_gone(self, timeout_s: float) -> None:
        """Leave, and wait until the server's process has ended, unless another run needs it."""
        self.leave()
        deadline = time.monotonic() + timeout_s
        with _opened(self.folder / "server.json") as registration:
            while time.monotonic() < deadline and self._is_held(registration) and not self._is_leased():
                time.sleep(0.1)

    def _right_to_start(self) -> IO[str]:
        return _locked(self.folder / "start.lock", fcntl.LOCK_EX)

    def _is_held(self, registration: IO[str]) -> bool:
        with self._right_to_start():  # else a run that starts a server would take this look for a living server
            return not _try_lock(registration, fcntl.LOCK_SH)

    def _is_leased(self) -> bool:
        deadline = time.monotonic() + LOOK_S
        with _opened(self.folder / "lease.lock") as lease:
            while not _try_lock(lease, fcntl.LOCK_EX):
                if time.monotonic() > deadline:
                    return True
                time.sleep(0.05)
        return False


class Tenancy:
    """The server's side: whether anybody still needs it, and how it says that it takes nobody more."""

    def __init__(self, folder: Path, registration_fd: int) -> None:
        self._lease = folder / "lease.lock"
        self._registration_fd = registration_fd  # never closed: the lock is to end with the process, not before

    @contextmanager
    def when_unused(self) -> Iterator[bool]:
        """Whether no run holds a lease; while the block lasts, none can take one."""
        with _opened(self._lease) as lease:
            yield _try_lock(lease, fcntl.LOCK_EX)

    def retire(self) -> None:
        """Empty the registration: who comes from now on starts a server of their own."""
        os.ftruncate(self._registration_fd, 0)


def _try_lock(file: IO[str], operation: int) -> bool:
    """Whether the lock was to be had at once."""
    with suppress(BlockingIOError):
        fcntl.flock(file, operation | fcntl.LOCK_NB)
        return True
    return False


def _opened(path: Path) -> IO[str]:
    return os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT, 0o600), "r+")


def _locked(path: Path, operation: int) -> IO[str]:
    file = _opened(path)
    fcntl.flock(file, operation)
    return file
