"""The engine as a server, by default for this machine only."""

import ipaddress
from collections.abc import Iterable
from typing import Final

import uvicorn
from starlette.datastructures import Headers
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from voicemill.engine.app import create_app
from voicemill.engine.settings import EngineSettings
from voicemill.errors import ConfigError

DEFAULT_HOST: Final = "127.0.0.1"
DEFAULT_PORT: Final = 8765
_KEEP_ALIVE_S: Final = 30


def serve(
    settings: EngineSettings | None = None,
    *,
    host: str = DEFAULT_HOST,
    port: int = DEFAULT_PORT,
    allowed_hosts: Iterable[str] = (),
) -> None:
    """Serve until interrupted. Requests must name this machine, or one of `allowed_hosts`, in their Host header.

    Raises `ConfigError` when `host` is not loopback and `allowed_hosts` or the keys are empty.
    """
    app = guarded_app(settings, host=host, allowed_hosts=allowed_hosts)
    uvicorn.run(app, host=host, port=port, log_level="warning", timeout_keep_alive=_KEEP_ALIVE_S)


def guarded_app(
    settings: EngineSettings | None = None, *, host: str = DEFAULT_HOST, allowed_hosts: Iterable[str] = ()
) -> "HostGuard":
    """The engine behind its guard, for a server that listens at `host`. Raises `ConfigError` as `serve` does."""
    settings = settings or EngineSettings.from_environment()
    allowed = frozenset(allowed_hosts)
    if not is_loopback(host) and not (allowed and settings.keys):
        raise ConfigError(
            f"host is {host!r}, which others can reach. Set keys (VOICEMILL_ENGINE_KEYS) and the names of this "
            f"machine (--allow-host), or use {DEFAULT_HOST}."
        )
    return HostGuard(create_app(settings), allowed)


class HostGuard:
    """ASGI middleware that refuses requests for another host: it protects against web pages that misuse a browser.

    Loopback names and addresses always pass; `allowed` adds others.
    """

    def __init__(self, app: ASGIApp, allowed: frozenset[str] = frozenset()) -> None:
        self._app = app
        self._allowed = frozenset(name.lower() for name in allowed)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request, or refuse it (421)."""
        if scope["type"] == "http":
            name = host_name(Headers(scope=scope).get("host", ""))
            if not is_loopback(name) and name not in self._allowed:
                refusal = PlainTextResponse("Misdirected request: this host is not served here.", status_code=421)
                await refusal(scope, receive, send)
                return
        await self._app(scope, receive, send)


def host_name(header: str) -> str:
    """The name or address in a Host header, without its port."""
    name = header.strip().lower()
    if name.startswith("["):
        return name.partition("]")[0].removeprefix("[")
    return name.rpartition(":")[0] if ":" in name else name


def is_loopback(name: str) -> bool:
    """Whether a name or an address means this machine, without a name server."""
    if name == "localhost":
        return True
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False
