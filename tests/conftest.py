"""Fixtures of all tests: an isolated environment and one Prefect server per session."""

import gc
import os
import signal
from collections.abc import Callable, Generator, Iterator
from contextlib import AbstractContextManager
from functools import partial
from pathlib import Path
from unittest import mock

import certifi
import pytest
from hypothesis import HealthCheck, settings

from flows.prefect_server.ensure import ensure_server
from tests.faults.figures import Report
from tests.prefect_database import copy_migrated_database, shared_migration

# No deadline, because slow machines must not fail a test. Derandomized, so that a commit always gives the same result;
# nightly runs try new examples each time.
settings.register_profile(
    "voicemill",
    deadline=None,
    derandomize=float(os.environ.get("FAULTS", "0")) < 1,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("voicemill")

SharedMigration = AbstractContextManager[Callable[[Path], None]]

_TESTS = Path(__file__).parent
_SLOWEST_FIRST = (
    "sdks/test_sdks.py",
    "flows/test_prefect_server.py",
    "manifest/test_size.py",
    "flows/test_shared_concurrency.py",
    "faults/test_kills.py",
    "pipeline/distribution/test_dask_workers.py",
    "docs/test_examples.py",
)
_FIGURES = "figures"
_REMOVED_PREFIXES = ("CARTESIA_", "PREFECT_", "VOICEMILL_", "FORCE_COLOR", "NO_COLOR")
_FIXED = {
    "VOICEMILL_ENGINE": "small",
    "VOICEMILL_PREFECT_IDLE_S": "3",
    # No test creates an automation, and looking for one takes a sixth of the CPU time of an idle server.
    "PREFECT_SERVER_SERVICES_TRIGGERS_ENABLED": "false",
    "COLUMNS": "120",
    "TZ": "UTC",
    "LC_ALL": "C.UTF-8",
}


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """Collect without garbage collections, and exclude what is imported, which exists to the end, from later ones."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.freeze()
        gc.enable()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Run the slowest files first: one started last would occupy one worker while the other is idle."""
    ranks = {name: rank for rank, name in enumerate(_SLOWEST_FIRST)}
    items.sort(key=lambda item: ranks.get(item.path.relative_to(_TESTS).as_posix(), len(ranks)))


@pytest.fixture(scope="session", autouse=True)
def _isolated_environment(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Hide the user's key, service and Prefect settings from tests, and handle Ctrl-C even as a background job."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    home = _shared_folder(tmp_path_factory) / "prefect-home"
    authorities = tmp_path_factory.getbasetemp() / "authorities.pem"
    authorities.write_text(_first_certificate())
    fixed = _FIXED | {"PREFECT_HOME": str(home), "SSL_CERT_FILE": str(authorities)}
    kept = {name: value for name, value in os.environ.items() if not name.startswith(_REMOVED_PREFIXES)}
    with mock.patch.dict(os.environ, kept | fixed, clear=True):
        yield


def _shared_folder(factory: pytest.TempPathFactory) -> Path:
    """The temporary folder that all workers of the session use."""
    of_worker = factory.getbasetemp()
    return of_worker.parent if "PYTEST_XDIST_WORKER" in os.environ else of_worker


def _first_certificate() -> str:
    """One certificate authority: no test uses a public server, and loading them all takes 50 ms per client."""
    end = "-----END CERTIFICATE-----\n"
    return Path(certifi.where()).read_text(encoding="utf-8").partition(end)[0] + end


@pytest.fixture(autouse=True)
def _isolated_working_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    """Give each test an empty working folder and restore the environment after it."""
    monkeypatch.chdir(tmp_path)
    with mock.patch.dict(os.environ):
        yield


@pytest.fixture(scope="session")
def prefect_home() -> str:
    """The folder of the session's Prefect database."""
    return os.environ["PREFECT_HOME"]


@pytest.fixture(scope="session")
def migrated_database(tmp_path_factory: pytest.TempPathFactory) -> Callable[[Path], None]:
    """Copies a migrated database, which the workers of the session share, into a Prefect home without one."""
    return partial(copy_migrated_database, shared=_shared_folder(tmp_path_factory))


@pytest.fixture(scope="session")
def sharing_migration(tmp_path_factory: pytest.TempPathFactory) -> Callable[[], SharedMigration]:
    """Lets the workers of the session wait for a database that a test migrates, and use a copy of it."""
    return partial(shared_migration, _shared_folder(tmp_path_factory))


@pytest.fixture(scope="session")
def prefect_server(prefect_home: str, migrated_database: Callable[[Path], None]) -> Iterator[str]:
    """The API address of one Prefect server for all workers of the session; runs find it as they find any server."""
    migrated_database(Path(prefect_home))
    with mock.patch.dict(os.environ):  # so that runs find it without configuration, as a user's runs do
        lease = ensure_server()
        api_url = lease.wait_until_ready()
    with lease:
        yield api_url


@pytest.fixture
def report(record_property: Callable[[str, object], None]) -> Report:
    """Reports a campaign's figures in the test summary, and publishes them at nightly size."""
    return Report(lambda line: record_property(_FIGURES, line))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print one line per campaign."""
    for test in terminalreporter.stats.get("passed", []):
        for name, line in test.user_properties:
            if name == _FIGURES:
                terminalreporter.write_line(str(line))
