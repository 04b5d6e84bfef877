"""What every test stands on: an environment without the machine's own settings, and one Prefect server for all."""

import os
import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from unittest import mock

import certifi
import pytest
from hypothesis import HealthCheck, settings

from flows.prefect_server.ensure import ensure_server
from tests.faults.figures import Report

# A slow machine is no fault of what is tested, and the same commit has the same verdict; at nightly size what is tried
# is new each time.
settings.register_profile(
    "house",
    deadline=None,
    derandomize=float(os.environ.get("FAULTS", "0")) < 1,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("house")

_TESTS = Path(__file__).parent
_LONGEST_FIRST = (
    "sdks/test_sdks.py",
    "flows/test_prefect_server.py",
    "manifest/test_size.py",
    "flows/test_shared_concurrency.py",
    "faults/test_kills.py",
)
_FIGURES = "figures"
_NOT_FROM_OUTSIDE = ("CARTESIA_", "PREFECT_", "VOICEMILL_", "FORCE_COLOR", "NO_COLOR")
_SETTLED = {"VOICEMILL_PREFECT_IDLE_S": "3", "COLUMNS": "120", "TZ": "UTC", "LC_ALL": "C.UTF-8"}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The files that take longest come first: one that began last would keep one of two workers, and nobody else."""
    ranks = {name: rank for rank, name in enumerate(_LONGEST_FIRST)}
    items.sort(key=lambda item: ranks.get(item.path.relative_to(_TESTS).as_posix(), len(ranks)))


@pytest.fixture(scope="session", autouse=True)
def _nothing_from_outside(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """No key, service or Prefect of the machine's user reaches a test, nor that background jobs ignore Ctrl-C."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    home = tmp_path_factory.mktemp("prefect-home")
    trusted = home.with_name("trusted.pem")
    trusted.write_text(_first_certificate())
    settled = _SETTLED | {"PREFECT_HOME": str(home), "SSL_CERT_FILE": str(trusted)}
    kept = {name: value for name, value in os.environ.items() if not name.startswith(_NOT_FROM_OUTSIDE)}
    with mock.patch.dict(os.environ, kept | settled, clear=True):
        yield


def _first_certificate() -> str:
    """An authority to trust; no test asks a server of the world's, and to read them all takes each client 50 ms."""
    end = "-----END CERTIFICATE-----\n"
    return Path(certifi.where()).read_text(encoding="utf-8").partition(end)[0] + end


@pytest.fixture(autouse=True)
def _own_surroundings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    """Each test has an empty working folder, and leaves the environment as it found it."""
    monkeypatch.chdir(tmp_path)
    with mock.patch.dict(os.environ):
        yield


@pytest.fixture(scope="session")
def prefect_home() -> str:
    """The folder of Prefect's database in this session."""
    return os.environ["PREFECT_HOME"]


@pytest.fixture(scope="session")
def prefect_server() -> Iterator[str]:
    """The address of a Prefect server that lives as long as the session; runs find it as they would find any."""
    with mock.patch.dict(os.environ):  # so that runs take the way of a user who configured nothing
        lease = ensure_server()
        api_url = lease.wait_until_ready()
    with lease:
        yield api_url


@pytest.fixture
def report(record_property: Callable[[str, object], None]) -> Report:
    """Says a campaign's figures in the summary of the tests; at nightly size they are published."""
    return Report(lambda line: record_property(_FIGURES, line))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """One line for each campaign."""
    for test in terminalreporter.stats.get("passed", []):
        for name, line in test.user_properties:
            if name == _FIGURES:
                terminalreporter.write_line(str(line))
