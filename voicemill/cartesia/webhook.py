"""The webhook: notifies another service of the end of a run."""

import asyncio
from collections.abc import Mapping
from typing import Any

import httpx

from voicemill.cartesia.error_mapping import FOREIGN_ERRORS

_DEADLINE_S = 15.0


async def post_json(url: str, content: Mapping[str, Any]) -> str:
    """POST `content` as JSON to `url`, once and without redirects. Returns the reason of a failure, "" on success.

    Raises nothing: the tables hold the same facts. The reason never contains the address, which may be a secret.
    """
    try:
        async with asyncio.timeout(_DEADLINE_S), httpx.AsyncClient(trust_env=False) as client:
            response = await client.post(url, json=dict(content))
    except (*FOREIGN_ERRORS, TimeoutError) as error:
        return f"the connection failed ({type(error).__name__})"
    return "" if response.is_success else f"the response was HTTP {response.status_code}"
