"""Telling another service how a run ended."""

import asyncio
from collections.abc import Mapping
from typing import Any

import httpx

from voicemill.cartesia.error_mapping import FOREIGN_ERRORS

_DEADLINE_S = 15.0


async def post_json(url: str, content: Mapping[str, Any]) -> str:
    """POST `content` as JSON to `url`, once, following no redirect; why it was not taken, empty where it was.

    Raises nothing: what is told here is told again by the tables. The reason never holds the address, which may be a
    secret of its own.
    """
    try:
        async with asyncio.timeout(_DEADLINE_S), httpx.AsyncClient(trust_env=False) as client:
            answer = await client.post(url, json=dict(content))
    except (*FOREIGN_ERRORS, TimeoutError) as error:
        return f"it could not be reached ({type(error).__name__})"
    return "" if answer.is_success else f"it answered with HTTP {answer.status_code}"
