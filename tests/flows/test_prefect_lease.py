"""Where runs and their server meet: the locks, without processes."""

import errno
import os
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from flows.prefect_server import supervisor as prefect_watch
from flows.prefect_server.lease import Rendezvous, Tenancy
from flows.prefect_server.supervisor import Watch
from tests.store.failing_disk import failing_disk

API_URL = "http://127.0.0.1:4321/api"
VERSION = "3.8.8"


def join(home: Path, version: str = VERSION, settings: Mapping[str, str] | None = None) -> Rendezvous:
    """A run's place."""
    return Rendezvous.join(home, version, settings or {})


@pytest.fixture
def run(tmp_path: Path) -> Iterator[Rendezvous]:
    """A run that holds a lease."""
    run = join(tmp_path)
    yield run
    run.leave()


@pytest.fixture
def server_fd(run: Rendezvous) -> Iterator[int]:
    """What a server that this run started has inherited: a descriptor with the lock of the registration."""
    with run.starting() as registration:
        registration.write(API_URL)
        inherited = os.dup(registration.fileno())
    yield inherited
    os.close(inherited)


def test_nobody_is_there_at_first(run: Rendezvous) -> None:
    """An empty folder has no server."""
    with run.starting() as registration:
        assert registration.api_url is None
    assert not run.is_served()


def test_a_second_run_finds_the_server(tmp_path: Path, server_fd: int) -> None:
    """The registration is found while the server holds its lock."""
    second = join(tmp_path)
    with second.starting() as registration:
        assert registration.api_url == API_URL
    assert second.is_served()
    second.leave()


def test_a_dead_server_is_not_found(run: Rendezvous) -> None:
    """A registration whose lock nobody holds is no registration, whatever stands in it."""
    with run.starting() as registration:
        registration.write(API_URL)
    with run.starting() as registration:
        assert registration.api_url is None


def test_a_retired_server_is_not_found_while_it_still_ends(run: Rendezvous, server_fd: int) -> None:
    """Between its last word and its end, a server takes no run; the next one starts at once."""
    Tenancy(run.folder, server_fd).retire()
    with run.starting() as registration:
        assert registration.api_url is None
        registration.write(API_URL)
        successor = os.dup(registration.fileno())
    with run.starting() as registration:
        assert registration.api_url == API_URL
    os.close(successor)


def test_a_server_is_used_until_the_last_run_has_left(tmp_path: Path, run: Rendezvous, server_fd: int) -> None:
    """Every lease counts."""
    tenancy, second, seen = Tenancy(run.folder, server_fd), join(tmp_path), []
    for leaves in (run.leave, second.leave):
        with tenancy.when_unused() as unused:
            seen.append(unused)
        leaves()
    with tenancy.when_unused() as unused:
        seen.append(unused)
    assert seen == [False, False, True]


def test_waiting_for_the_end_leaves_a_server_that_others_use(tmp_path: Path, run: Rendezvous, server_fd: int) -> None:
    """A run that would see its server off does not wait for other people's runs."""
    other = join(tmp_path)
    run.wait_until_gone(timeout_s=3600)
    assert other.is_served()
    other.leave()


@pytest.mark.parametrize(
    ("version", "settings"),
    [
        ("3.8.9", {}),
        (VERSION, {"PREFECT_API_DATABASE_CONNECTION_URL": "sqlite+aiosqlite:///other.db"}),
        (VERSION, {"PREFECT_SERVER_DATABASE_NAME": "other"}),
    ],
)
def test_servers_of_another_version_or_database_meet_elsewhere(
    tmp_path: Path, server_fd: int, version: str, settings: dict[str, str]
) -> None:
    """A run never ends up in a database that its user did not name."""
    stranger = join(tmp_path, version, settings)
    assert not stranger.is_served()
    stranger.leave()


def test_other_settings_do_not_part_runs(tmp_path: Path, run: Rendezvous) -> None:
    """How a run logs is no reason for a second server."""
    other = join(tmp_path, settings={"PREFECT_LOGGING_LEVEL": "DEBUG", "PREFECT_SERVER_ANALYTICS_ENABLED": "false"})
    assert other.folder == run.folder
    other.leave()


def test_a_full_disk_does_not_end_the_watch(run: Rendezvous, server_fd: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """A look at the server that the disk refuses is followed by further ones."""
    monkeypatch.setattr(prefect_watch, "CHECK_EVERY_S", 0.001)
    watch = Watch(run, API_URL)
    with failing_disk(1, errno.ENOSPC, ("open",)) as made:
        watch.start()
        deadline = time.monotonic() + 60
        while len(made) < 9 and time.monotonic() < deadline:
            time.sleep(0.001)
    watch.stop()
    assert len(made) >= 9
