"""The API key from a Prefect Secret block: settings name the block, the key itself never leaves this process."""

from typing import Any

from prefect.blocks.system import Secret

from voicemill.config import ApiKey, Settings
from voicemill.errors import ConfigError


async def key_from_block(settings: Settings) -> ApiKey | None:
    """The key in the block that `service.key_block` names, None where it names none.

    Raises `ConfigError` where there is no such block.
    """
    name = settings.service.key_block
    if not name:
        return None
    try:
        block: Any = await Secret.aload(name)
    except ValueError:
        raise ConfigError(
            f"Prefect has no Secret block {name!r}; make one in its pages, or with Secret(value=...).save({name!r})"
        ) from None
    return ApiKey(str(block.get()))
