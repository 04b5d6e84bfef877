"""The API key from a Prefect Secret block. Settings contain the name of the block, never the key."""

from typing import Any

from prefect.blocks.system import Secret

from voicemill.config import ApiKey, Settings
from voicemill.errors import ConfigError


async def key_from_block(settings: Settings) -> ApiKey | None:
    """The key in the Secret block `service.key_block`, None if that setting is empty.

    Raises `ConfigError` if the block does not exist.
    """
    name = settings.service.key_block
    if not name:
        return None
    try:
        block: Any = await Secret.aload(name)
    except ValueError:
        raise ConfigError(
            f"Prefect has no Secret block {name!r}; create it in the web UI, or with Secret(value=...).save({name!r})"
        ) from None
    return ApiKey(str(block.get()))
