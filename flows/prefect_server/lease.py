"""File locks through which runs find, start and leave the shared Prefect server.

All state is held in file locks. The kernel releases a lock when its process ends, however it ends, so there are no race
conditions and no stale state:

- Each run holds a shared lock on `lease.lock` for as long as it needs the server.
- The server holds an exclusive lock on its registration, `server.json`, for its whole life. The run that starts the
  server takes this lock and passes it on with the open file, so two runs cannot start two servers.
- A run holds `start.lock` while it reads the registration and, if no process holds that, starts the server.
- The server retires, which empties the registration, only while it holds `lease.lock` exclusively. No run can then be
  between deciding to use the server and connecting to it.
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

# Settings that decide which data a server exposes, and to whom. Servers that differ in one of them are never shared.
IDENTITY_PREFIXES = ("PREFECT_SERVER_DATABASE_", "PREFECT_API_DATABASE_", "PREFECT_SERVER_API_")

# The server locks the lease for an instant when it checks for runs. A lock held for longer belongs to a run.
LEASE_CHECK_S = 1.0


class Registration:
    """The open `server.json`, locked either by a live server or by the caller."""

    def __init__(self, path: Path) -> None:
        self._file = _opened(path)
        self.is_held = not _try_lock(self._file, fcntl.LOCK_EX)
        content = self._file.read() if self.is_held else ""
        self.api_url: str | None = json.loads(content)["api_url"] if content else None

    @property
    def has_retired(self) -> bool:
        """Whether the server is still alive but accepts no more runs."""
        return self.is_held and self.api_url is None

    def fileno(self) -> int:
        """The descriptor that carries the lock, for the server to inherit."""
        return self._file.fileno()

    def write(self, api_url: str) -> None:
        """Record the server's address. Call this before the server starts."""
        self._file.truncate()
        json.dump({"api_url": api_url}, self._file)
        self._file.flush()

    def close(self) -> None:
        """Close the file, which releases the lock unless a server has inherited it."""
        self._file.close()


class LeaseLock:
    """A run's lock on the lease of one server. There is one folder per Prefect home, version and server settings."""

    def __init__(self, folder: Path) -> None:
        self.log_path = folder / "server.log"
        self.folder = folder
        self._lease = _locked(folder / "lease.lock", fcntl.LOCK_SH)

    @classmethod
    def acquire(cls, home: Path, version: str, settings: Mapping[str, str]) -> Self:
        """Take a lease. Raises `ConfigError` if the home is not writable."""
        identity = {name: value for name, value in settings.items() if name.startswith(IDENTITY_PREFIXES)}
        digest = hashlib.sha256(json.dumps(identity, sort_keys=True).encode()).hexdigest()
        folder = home / "voicemill" / f"server-{version}-{digest[:8]}"
        try:
            folder.mkdir(parents=True, exist_ok=True)
            return cls(folder)
        except OSError as error:
            raise ConfigError(
                f"Cannot write to Prefect's folder {home} ({error.strerror}). "
                "Make it writable, or set PREFECT_HOME to a writable folder."
            ) from error

    @contextmanager
    def locked_registration(self) -> Iterator[Registration]:
        """Hold the exclusive right to start the server. `api_url` is set if a server is running already."""
        path = self.folder / "server.json"
        with self._start_lock():
            registration = Registration(path)
            if registration.has_retired:
                registration.close()
                path.unlink()  # the retiring server keeps its lock on the unlinked file
                registration = Registration(path)
            with closing(registration):
                yield registration

    def is_server_alive(self) -> bool:
        """Whether a live process holds the registration."""
        with self._start_lock(), closing(Registration(self.folder / "server.json")) as registration:
            return registration.is_held

    def release(self) -> None:
        """Release the lease. A second call has no effect."""
        self._lease.close()

    def wait_for_server_exit(self, timeout_s: float) -> None:
        """Release the lease and wait until the server process has ended, unless another run uses it."""
        self.release()
        deadline = time.monotonic() + timeout_s
        with _opened(self.folder / "server.json") as registration:
            while time.monotonic() < deadline and self._is_held(registration) and not self._is_leased():
                time.sleep(0.1)

    def _start_lock(self) -> IO[str]:
        return _locked(self.folder / "start.lock", fcntl.LOCK_EX)

    def _is_held(self, registration: IO[str]) -> bool:
        with self._start_lock():  # without it, a run that starts a server would mistake this check for a live server
            return not _try_lock(registration, fcntl.LOCK_SH)

    def _is_leased(self) -> bool:
        deadline = time.monotonic() + LEASE_CHECK_S
        with _opened(self.folder / "lease.lock") as lease:
            while not _try_lock(lease, fcntl.LOCK_EX):
                if time.monotonic() > deadline:
                    return True
                time.sleep(0.05)
        return False


class LeaseMonitor:
    """The server's side of the locks: detects whether any run holds a lease, and retires the registration."""

    def __init__(self, folder: Path, registration_fd: int) -> None:
        self._lease = folder / "lease.lock"
        self._registration_fd = registration_fd  # never closed: the lock must last as long as the process

    @contextmanager
    def when_unused(self) -> Iterator[bool]:
        """Yield whether no run holds a lease. No run can take one until the block ends."""
        with _opened(self._lease) as lease:
            yield _try_lock(lease, fcntl.LOCK_EX)

    def retire(self) -> None:
        """Empty the registration, so that later runs start a new server."""
        os.ftruncate(self._registration_fd, 0)


def _try_lock(file: IO[str], operation: int) -> bool:
    """Lock the file without waiting; whether that succeeded."""
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
