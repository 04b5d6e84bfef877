"""Functions of the commands that make a single API call."""

import asyncio
import re
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

from voicemill.errors import CallError, ConfigError

if TYPE_CHECKING:
    from voicemill.config import Settings
    from voicemill.model import Voice
    from voicemill.service import Service

T = TypeVar("T")
_ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")

VoiceName = Annotated[str, typer.Argument(metavar="VOICE", help="A voice, by name or id.", show_default=False)]


def with_service(settings: "Settings", work: "Callable[[Service], Awaitable[T]]") -> T:
    """The result of `work` on the service that the settings select, in a new event loop. Raises `CallError`."""
    from voicemill.service import open_service

    async def worked() -> T:
        async with open_service(settings) as service:
            return await work(service)

    return asyncio.run(worked())


async def retried(settings: "Settings", attempt: Callable[[], Awaitable[T]]) -> T:
    """The result of an attempt that is retried after transient errors; only for requests without side effects."""
    from voicemill.limits.retries import Retries

    result, _ = await Retries(settings.pace).run(attempt)
    return result


async def voice_named(service: "Service", settings: "Settings", name_or_id: str, language: str = "") -> "Voice":
    """The voice with that name or id; if that is empty, the first voice of `language`.

    Raises `ConfigError` that suggests other voices. A caller who may not list voices, as with an access token, can
    give an id.
    """
    from voicemill.manifest import VoiceDirectory
    from voicemill.model import Voice
    from voicemill.service import all_voices

    try:
        return VoiceDirectory(await all_voices(service, settings.pace)).resolve(name_or_id, language)
    except LookupError as error:
        raise ConfigError(str(error)) from None
    except CallError as refused:
        if refused.status not in (401, 403) or not _ID.fullmatch(name_or_id):
            raise
        return Voice(name_or_id, name_or_id, language)
