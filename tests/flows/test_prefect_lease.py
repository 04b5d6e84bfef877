"""The file locks between runs and their shared server, without processes."""

import errno
import os
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from flows.prefect_server import supervisor as supervision
from flows.prefect_server.lease import LeaseLock, LeaseMonitor
from flows.prefect_server.supervisor import ServerSupervisor
from tests.store.failing_disk import failing_disk

API_URL = "http://127.0.0.1:4321/api"
VERSION = "3.8.8"


def acquire(home: Path, version: str = VERSION, settings: Mapping[str, str] | None = None) -> LeaseLock:
    """Take a lease as a run does."""
    return LeaseLock.acquire(home, version, settings or {})


@pytest.fixture
def run(tmp_path: Path) -> Iterator[LeaseLock]:
    """The lease of a run."""
    run = acquire(tmp_path)
    yield run
    run.release()


@pytest.fixture
def server_fd(run: LeaseLock) -> Iterator[int]:
    """The descriptor that a server started by this run would inherit; it holds the lock on the registration."""
    with run.locked_registration() as registration:
        registration.write(API_URL)
        inherited = os.dup(registration.fileno())
    yield inherited
    os.close(inherited)


def test_empty_home_has_no_server(run: LeaseLock) -> None:
    """The first run of a Prefect home finds no server."""
    with run.locked_registration() as registration:
        assert registration.api_url is None
    assert not run.is_server_alive()


def test_second_run_finds_the_server(tmp_path: Path, server_fd: int) -> None:
    """A run finds the registration while the server holds its lock."""
    second = acquire(tmp_path)
    with second.locked_registration() as registration:
        assert registration.api_url == API_URL
    assert second.is_server_alive()
    second.release()


def test_registration_of_dead_server_is_ignored(run: LeaseLock) -> None:
    """A registration that no process locks is ignored, whatever its content."""
    with run.locked_registration() as registration:
        registration.write(API_URL)
    with run.locked_registration() as registration:
        assert registration.api_url is None


def test_retired_server_is_not_found_before_its_process_ends(run: LeaseLock, server_fd: int) -> None:
    """A retired server that is still shutting down accepts no run, and the next run registers a new server."""
    LeaseMonitor(run.folder, server_fd).retire()
    with run.locked_registration() as registration:
        assert registration.api_url is None
        registration.write(API_URL)
        successor = os.dup(registration.fileno())
    with run.locked_registration() as registration:
        assert registration.api_url == API_URL
    os.close(successor)


def test_server_is_in_use_until_the_last_run_releases_its_lease(tmp_path: Path, run: LeaseLock, server_fd: int) -> None:
    """The server counts as unused only after both runs have released their leases."""
    leases, second, seen = LeaseMonitor(run.folder, server_fd), acquire(tmp_path), []
    for release in (run.release, second.release):
        with leases.when_unused() as unused:
            seen.append(unused)
        release()
    with leases.when_unused() as unused:
        seen.append(unused)
    assert seen == [False, False, True]


def test_run_does_not_wait_for_exit_of_a_server_in_use(tmp_path: Path, run: LeaseLock, server_fd: int) -> None:
    """Waiting for the server's exit returns at once if another run holds a lease."""
    other = acquire(tmp_path)
    run.wait_for_server_exit(timeout_s=3600)
    assert other.is_server_alive()
    other.release()


@pytest.mark.parametrize(
    ("version", "settings"),
    [
        ("3.8.9", {}),
        (VERSION, {"PREFECT_API_DATABASE_CONNECTION_URL": "sqlite+aiosqlite:///other.db"}),
        (VERSION, {"PREFECT_SERVER_DATABASE_NAME": "other"}),
    ],
)
def test_other_version_or_database_gets_another_server(
    tmp_path: Path, server_fd: int, version: str, settings: dict[str, str]
) -> None:
    """A run never uses a server of another Prefect version or another database."""
    other = acquire(tmp_path, version, settings)
    assert not other.is_server_alive()
    other.release()


def test_unrelated_settings_share_a_server(tmp_path: Path, run: LeaseLock) -> None:
    """Runs with different logging settings share one server."""
    other = acquire(tmp_path, settings={"PREFECT_LOGGING_LEVEL": "DEBUG", "PREFECT_SERVER_ANALYTICS_ENABLED": "false"})
    assert other.folder == run.folder
    other.release()


def test_supervisor_survives_a_full_disk(run: LeaseLock, server_fd: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """The supervisor continues its checks after one of them fails with a disk error."""
    monkeypatch.setattr(supervision, "CHECK_INTERVAL_S", 0.001)
    supervisor = ServerSupervisor(run, API_URL)
    with failing_disk(1, errno.ENOSPC, ("open",)) as made:
        supervisor.start()
        deadline = time.monotonic() + 60
        while len(made) < 9 and time.monotonic() < deadline:
            time.sleep(0.001)
    supervisor.stop()
    assert len(made) >= 9
