"""What the verbs that ask the service one thing have in common."""

import asyncio
import re
from collections.abc import Awaitable, Callable
from typing import Annotated, TypeVar

import typer

from voicemill.config import Settings
from voicemill.errors import CallError, ConfigError
from voicemill.limits.retries import Retries
from voicemill.manifest import VoiceDirectory
from voicemill.model import Voice
from voicemill.service import Service, all_voices, open_service

T = TypeVar("T")
_ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")

VoiceName = Annotated[str, typer.Argument(metavar="VOICE", help="A voice, by name or id.", show_default=False)]


def answer_of(settings: Settings, ask: Callable[[Service], Awaitable[T]]) -> T:
    """What `ask` gets from the service that the settings name, in an event loop of its own. Raises `CallError`s."""

    async def asked() -> T:
        async with open_service(settings) as service:
            return await ask(service)

    return asyncio.run(asked())


async def tried(settings: Settings, attempt: Callable[[], Awaitable[T]]) -> T:
    """An attempt, made again where its failure may pass; for questions that leave nothing behind at the service."""
    result, _ = await Retries(settings.pace).run(attempt)
    return result


async def voice_named(service: Service, settings: Settings, name_or_id: str, language: str = "") -> Voice:
    """The voice of that name or id, or the first that speaks `language`. Raises `ConfigError` that tells of others.

    Who may not list voices, as with an access token, names one by its id.
    """
    try:
        return VoiceDirectory(await all_voices(service, settings.pace)).resolve(name_or_id, language)
    except LookupError as error:
        raise ConfigError(str(error)) from None
    except CallError as refused:
        if refused.status not in (401, 403) or not _ID.fullmatch(name_or_id):
            raise
        return Voice(name_or_id, name_or_id, language)
