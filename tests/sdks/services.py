"""An unreliable engine that refuses requests or loses its worker on request."""

import asyncio
import os
import signal
import socket
import threading
from collections.abc import AsyncGenerator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import uvicorn
from starlette.datastructures import Headers
from starlette.middleware import Middleware
from starlette.types import ASGIApp, Receive, Scope, Send

from voicemill.engine.app import create_app
from voicemill.engine.fault_injection import FaultyService
from voicemill.engine.faults import Faults
from voicemill.engine.refusals import Refusal
from voicemill.engine.settings import EngineSettings
from voicemill.engine.worker_pool import WorkerPool
from voicemill.processes.frames import Frame

KEY = "sdk-key"
FIRST_REFUSED = "first "
"""A key with this prefix is refused once (429), then accepted."""
DIES = "dies"
"""With this key the worker is killed in the middle of a stream."""


@contextmanager
def shaky(folder: Path) -> Iterator[str]:
    """The URL of an engine that fails according to the key of a request."""
    settings = EngineSettings(workers=1, user_voices=folder / "voices.sqlite")
    app = create_app(settings)
    app.user_middleware.append(Middleware(_ByKey, pool=app.state.engine.workers))
    listening = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(app, log_level="critical", access_log=False, ws="none"))
    thread = threading.Thread(target=server.run, args=([listening],), name="shaky engine")
    thread.start()
    try:
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join(30)
        listening.close()


class _ByKey:
    """Makes requests fail according to their key, with the engine's own error responses."""

    def __init__(self, app: ASGIApp, pool: WorkerPool) -> None:
        self._app = app
        self._throttling = FaultyService(app, Faults(throttled=1.0))
        self._dying = _Dying(pool)
        self._seen: set[str] = set()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = Headers(scope=scope)
        key = headers.get("x-api-key") or headers.get("authorization", "").removeprefix("Bearer ")
        if key.startswith(FIRST_REFUSED) and key not in self._seen:
            self._seen.add(key)
            await self._throttling(scope, receive, send)
            return
        if key == DIES:
            scope["app"].state.engine.workers = self._dying
        await self._app(scope, receive, send)


class _Dying:
    """A pool whose worker is killed once it has sent the first frame of a stream.

    A new worker takes two seconds of CPU, so a later equal stream repeats the frames and the error of the first one.
    """

    def __init__(self, pool: WorkerPool) -> None:
        self._pool = pool
        self._ended: dict[str, tuple[list[Frame], Refusal]] = {}
        self._one_at_a_time = asyncio.Lock()

    async def stream(self, job: dict[str, Any]) -> AsyncGenerator[Frame, None]:
        """The frames until then, then the engine's error."""
        async with self._one_at_a_time:
            frames, error = await self._until_death(job)
        for frame in frames:
            yield frame
        raise error

    async def _until_death(self, job: dict[str, Any]) -> tuple[list[Frame], Refusal]:
        name = repr(sorted(job.items()))
        if name not in self._ended:
            frames: list[Frame] = []
            try:
                async for frame in self._pool.stream(job):
                    if not frames:
                        self._kill_workers()
                    frames.append(frame)
            except Refusal as error:
                self._ended[name] = frames, error
        return self._ended[name]

    def _kill_workers(self) -> None:
        for pid in self._pool.pids:
            os.killpg(pid, signal.SIGKILL)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._pool, name)
