"""Fixtures: one engine for all tests, in this process, with its worker processes."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from typing import Any

import httpx
import pytest

from tests.engine.openai_service import serving
from tests.engine.requests import client
from voicemill.engine.app import create_app
from voicemill.engine.openai_server import BASE_URL_VARIABLE, KEY_VARIABLE
from voicemill.engine.settings import EngineSettings
from voicemill.engine.synthesis.openai_speech import VOICES_VARIABLE


@pytest.fixture(scope="session")
def engine_app() -> Iterator[Any]:
    """An engine with two workers that is closed at the end."""
    app = create_app(EngineSettings(workers=2))
    yield app
    asyncio.run(app.state.engine.close())


@pytest.fixture
async def api(engine_app: Any) -> AsyncIterator[httpx.AsyncClient]:
    """A client with a key, of API version 2024-11-13."""
    async with client(engine_app) as api:
        yield api


@pytest.fixture
def openai(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """A running server that the environment names, and the paths that it was called at."""
    with serving() as (url, paths):
        monkeypatch.setenv(BASE_URL_VARIABLE, url)
        monkeypatch.setenv(KEY_VARIABLE, "secret")
        monkeypatch.setenv(VOICES_VARIABLE, "nova, echo")
        yield paths
