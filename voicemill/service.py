"""Select the service for calls: Cartesia with a key, another base URL if one is set, else the embedded engine."""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING
from urllib.parse import SplitResult, urlsplit

from voicemill.config import BASE_URL_VARIABLE, CARTESIA_URL, KEY_VARIABLE, LOOPBACK_HOSTS, ApiKey, Pace, Settings
from voicemill.errors import ConfigError
from voicemill.model import Voice
from voicemill.model.calls import EMBEDDED_PREFIX

if TYPE_CHECKING:  # the HTTP client takes longer to import than a small manifest to check
    from voicemill.cartesia.client import CartesiaClient
    from voicemill.cartesia.transport import Transport
    from voicemill.engine.settings import EngineSettings

_EMBEDDED_URL = "http://embedded.invalid"
_FEWEST_CONNECTIONS = 64
"""The connection limit. Connections open on demand, and the concurrency of a live run may be raised later."""


@dataclass(frozen=True, slots=True)
class Service:
    """An open service. `name` is part of every answer's key; `line` tells the user where calls go."""

    name: str
    line: str
    cartesia: "CartesiaClient"


@asynccontextmanager
async def open_service(settings: Settings, key: ApiKey | None = None, *, earlier: str = "") -> AsyncIterator[Service]:
    """Open the service that the settings and the environment name; `key` replaces the key in the environment.

    `earlier` is the service that made a results folder. If the embedded engine is used and the environment does not
    choose between its engines, the same engine continues; its natural voices always keep their version. Raises
    `ConfigError` if the base URL is invalid or unsafe for a key, that engine is not installed, or only a missing key
    would make it continue the results of another service.
    """
    key = key or ApiKey.from_environment()
    if _is_embedded(settings, key, earlier):
        async with _opened(_engine_settings(earlier), settings) as service:
            yield service
        return
    from voicemill.cartesia.client import CartesiaClient

    base_url = _base_url(settings) or CARTESIA_URL
    _check_base_url(base_url)
    if key is None and not _is_loopback(base_url):
        raise ConfigError(f"{KEY_VARIABLE} is not set, and {base_url} needs a key; set it and rerun")
    transport = _transport(base_url, key or ApiKey("no-key"), settings)
    async with transport:
        yield Service(base_url, f"Calls go to {base_url}.", CartesiaClient.over(transport))


@asynccontextmanager
async def open_recognizer(settings: Settings, service: Service) -> AsyncIterator[Service]:
    """Open the service that transcribes generated audio for checks: `service`, or Whisper on this machine.

    Raises `ConfigError` if Whisper is not installed.
    """
    if settings.checks.recognizer == "service":
        yield service
        return
    async with local_recognizer(settings) as local:
        yield local


@asynccontextmanager
async def local_recognizer(settings: Settings) -> AsyncIterator[Service]:
    """Open Whisper on this machine. Raises `ConfigError` if it is not installed."""
    from voicemill.engine.capabilities import with_whisper

    async with _opened(with_whisper(_engine_settings("")), settings) as local:
        yield local


async def all_voices(service: Service, pace: Pace) -> list[Voice]:
    """All voices of the service. Transient errors are retried, as for any call."""

    async def listed() -> list[Voice]:
        return [voice async for voice in service.cartesia.voices.list()]

    from voicemill.limits.retries import Retries

    voices, _ = await Retries(pace).run(listed)
    return voices


async def name_and_voices(settings: Settings, *, earlier: str = "") -> tuple[str, list[Voice]]:
    """The name of the service that settings and environment select, and its voices.

    For the embedded engine, they are read without its HTTP application, because its import takes longer than the check
    of a small manifest. Raises the same errors as `open_service` and `all_voices`.
    """
    if not _is_embedded(settings, ApiKey.from_environment(), earlier):
        async with open_service(settings, earlier=earlier) as service:
            return service.name, await all_voices(service, settings.pace)
    from voicemill.engine.capabilities import Capabilities

    engine = Capabilities(_engine_settings(earlier))
    voices = [Voice(one.id, one.name, one.language, one.description) for one in engine.catalogue.all()]
    return engine.service, voices


@asynccontextmanager
async def _opened(engine: "EngineSettings", settings: Settings) -> AsyncIterator[Service]:
    """The embedded engine with these settings, in this process."""
    from voicemill.cartesia.client import CartesiaClient
    from voicemill.cartesia.connections import in_process
    from voicemill.engine.app import create_app

    app = create_app(engine)
    transport = _transport(_EMBEDDED_URL, ApiKey("embedded"), settings, embedded=in_process(app))
    try:
        async with transport:
            line = "Using the embedded engine, offline and free of charge."
            if settings.service.engine != "embedded":
                line = f"{KEY_VARIABLE} is not set: using the embedded engine, offline and free of charge."
            yield Service(app.state.service, f"{line} {app.state.engine.hint}".strip(), CartesiaClient.over(transport))
    finally:
        await app.state.engine.close()


def _engine_settings(earlier: str) -> "EngineSettings":
    from voicemill.engine.choice import engine_of_service, natural_version_of_service
    from voicemill.engine.settings import EngineSettings

    try:
        settings = EngineSettings.from_environment()
    except ValueError as error:
        raise ConfigError(f"an environment variable of the embedded engine is invalid: {error}") from None
    if not earlier.startswith(EMBEDDED_PREFIX):
        return settings
    engine = engine_of_service(earlier) if settings.engine == "auto" else settings.engine
    return replace(settings, engine=engine, natural_version=natural_version_of_service(earlier))


def _transport(base_url: str, key: ApiKey, settings: Settings, embedded: object = None) -> "Transport":
    """The transport to a base URL, or to the `embedded` engine, which itself ends requests that make no progress."""
    from voicemill.cartesia.transport import Transport

    return Transport(
        base_url,
        key,
        api_version=settings.service.api_version,
        transport=embedded,  # type: ignore[arg-type]
        has_deadlines=embedded is None,
        max_connections=max(_FEWEST_CONNECTIONS, settings.pace.max_concurrency) + 8,
        deadline_s=settings.pace.attempt_deadline_s,
        stall_s=settings.pace.stall_s,
        max_body_bytes=settings.pace.max_body_bytes,
    )


def _is_embedded(settings: Settings, key: ApiKey | None, earlier: str) -> bool:
    """Whether the embedded engine answers: if it is chosen, or if there is neither a key nor a base URL.

    Raises `ConfigError` if only a missing key would make it continue the results of another service.
    """
    if settings.service.engine == "embedded":
        return True
    if key is not None or _base_url(settings):
        return False
    _check_key_was_not_lost(earlier)
    return True


def _check_key_was_not_lost(earlier: str) -> None:
    if not earlier or earlier.startswith(EMBEDDED_PREFIX):
        return
    variables = KEY_VARIABLE if earlier == CARTESIA_URL else f"{BASE_URL_VARIABLE} and {KEY_VARIABLE}"
    raise ConfigError(
        f"the results were made with {earlier}, but {KEY_VARIABLE} is not set; set {variables} and rerun, or give "
        "--engine embedded to continue with the embedded engine"
    )


def _base_url(settings: Settings) -> str:
    """The base URL as part of answer keys: a trailing slash does not make another service."""
    return (settings.service.base_url or os.environ.get(BASE_URL_VARIABLE, "")).strip().rstrip("/")


def _is_loopback(base_url: str) -> bool:
    return urlsplit(base_url).hostname in LOOPBACK_HOSTS


def _check_base_url(base_url: str) -> None:
    """Reject unsafe base URLs. Messages do not repeat the URL: it may contain a key, which must not get into a log."""
    parts = urlsplit(base_url)
    if not parts.hostname or parts.username or parts.query or parts.fragment or not _has_good_port(parts):
        raise ConfigError(
            f"invalid base URL: give a scheme, a host and a path, without user and query, such as {CARTESIA_URL}"
        )
    if parts.scheme != "https" and not (parts.scheme == "http" and _is_loopback(base_url)):
        raise ConfigError(
            f"the base URL at {parts.hostname} would send the API key over plain HTTP; use https, or http on localhost"
        )


def _has_good_port(parts: SplitResult) -> bool:
    try:
        return parts.port is None or parts.port > 0
    except ValueError:
        return False
