"""Fixtures: both services, each started once."""

from collections.abc import Iterator

import pytest

from tests.contract.services import WAYS, Service, embedded, engine_settings
from tests.engine.local import needs_local


@pytest.fixture(scope="session")
def services(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Service]]:
    """The engine in this process and served over HTTP."""
    folder = tmp_path_factory.mktemp("engines")
    (folder / "a").mkdir()
    (folder / "b").mkdir()
    first, second = WAYS
    with WAYS[first](engine_settings(folder / "a")) as one, WAYS[second](engine_settings(folder / "b")) as other:
        yield {first: one, second: other}


@pytest.fixture(params=WAYS)
def service(request: pytest.FixtureRequest, services: dict[str, Service]) -> Service:
    """Each of the services in turn."""
    return services[request.param]


@pytest.fixture(scope="session")
def local_service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """The engine with natural voices and Whisper base, in this process."""
    with embedded(engine_settings(tmp_path_factory.mktemp("local"), engine="local")) as service:
        yield service


@pytest.fixture(params=["small", pytest.param("local", marks=needs_local)])
def engine_service(request: pytest.FixtureRequest, services: dict[str, Service]) -> Service:
    """The small engine and the local engine in turn."""
    if request.param == "small":
        return services["embedded"]
    local: Service = request.getfixturevalue("local_service")
    return local


@pytest.fixture(params=WAYS)
def narrow_service(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """A service that processes one speech request at a time and refuses others."""
    settings = engine_settings(tmp_path_factory.mktemp("engine"), tts_concurrency=1)
    with WAYS[request.param](settings) as running:
        yield running
