"""The embedded engine as an ASGI application in this process, and as a server on a socket."""

import asyncio
import socket
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import uvicorn

from voicemill.cartesia.client import CartesiaClient
from voicemill.cartesia.connections import in_process
from voicemill.cartesia.transport import Transport
from voicemill.config import ApiKey
from voicemill.engine.app import create_app
from voicemill.engine.settings import EngineSettings

KEY = "contract-key"


@dataclass(frozen=True)
class Service:
    """A running engine: its URL, and its application if it runs in this process."""

    url: str
    app: Any = None

    @asynccontextmanager
    async def client(
        self, *, key: str | ApiKey = KEY, api_version: str = "2024-11-13"
    ) -> AsyncIterator[CartesiaClient]:
        """A client of the engine; `key` may be an access token too."""
        key = ApiKey(key) if isinstance(key, str) else key
        http = in_process(self.app) if self.app is not None else None
        async with Transport(self.url, key, api_version=api_version, transport=http) as transport:
            yield CartesiaClient.over(transport)


def engine_settings(folder: Path, **settings: Any) -> EngineSettings:
    """Settings of an engine with one API key that writes nothing to the user's home."""
    return EngineSettings(workers=1, keys=frozenset({KEY}), user_voices=folder / "voices.sqlite", **settings)


@contextmanager
def embedded(settings: EngineSettings) -> Iterator[Service]:
    """The engine in this process, as a run without a key uses it."""
    app = create_app(settings)
    try:
        yield Service("http://embedded.invalid", app)
    finally:
        asyncio.run(app.state.engine.close())


@contextmanager
def served(settings: EngineSettings) -> Iterator[Service]:
    """The engine behind uvicorn, as `voicemill engine serve` runs it."""
    listening = socket.create_server(("127.0.0.1", 0))
    app = create_app(settings)
    # Without a limit, the end of the session waits for a request whose client has gone.
    config = uvicorn.Config(app, log_level="warning", access_log=False, ws="none", timeout_graceful_shutdown=1)
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, args=([listening],), name="uvicorn")
    thread.start()
    try:
        yield Service(f"http://127.0.0.1:{listening.getsockname()[1]}")
    finally:
        server.should_exit = True
        thread.join(30)
        listening.close()


WAYS = {"embedded": embedded, "served": served}
