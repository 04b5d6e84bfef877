"""Access tokens: requested, masked, and sent in place of a key."""

import json
import pickle
from typing import Any

import pytest

from tests.cartesia.sending import KEY, send
from tests.cartesia.test_key import everything_about, found_in
from tests.hostile_server import Call, HostileServer, Reply
from tests.hostile_speech import error_reply, speech
from voicemill.cartesia.client import CartesiaClient
from voicemill.cartesia.transport import Transport
from voicemill.config import AccessToken, ApiKey
from voicemill.errors import BadAnswer, CallError, Refused

TOKEN = "eyJ0b2tlbg.Canary.4711"


async def granted(answer: bytes, **question: Any) -> tuple[AccessToken, Call]:
    """The token in a response, and the request for it."""
    with HostileServer([Reply(200, (), answer)]) as server:
        async with Transport(server.url, ApiKey(KEY), api_version="2024-06-10") as transport:
            return await CartesiaClient.over(transport).auth.access_token(**question), server.calls[0]


@pytest.mark.parametrize(
    ("question", "body"),
    [
        ({"grants": ("tts", "stt"), "expires_in_s": 60}, {"grants": {"tts": True, "stt": True}, "expires_in": 60}),
        ({"grants": ["stt"]}, {"grants": {"stt": True}}),
        ({}, {"grants": {"tts": True, "stt": True}}),
    ],
)
async def test_access_token_request_has_the_documented_form(question: dict[str, Any], body: dict[str, Any]) -> None:
    """The request names the grants and the lifetime in seconds, and sends the key."""
    token, call = await granted(json.dumps({"token": TOKEN}).encode(), **question)
    assert (call.method, call.path, call.json_body) == ("POST", "/access-token", body)
    assert call.headers["x-api-key"] == KEY
    assert token.reveal() == TOKEN


async def test_token_is_masked_and_cannot_be_pickled() -> None:
    """No text of a token shows it, and pickling raises an error."""
    token, _ = await granted(json.dumps({"token": TOKEN}).encode())
    assert f"{token} {token!r} {[token]}" == "AccessToken(****) AccessToken(****) [AccessToken(****)]"
    with pytest.raises(TypeError, match="not pickled"):
        pickle.dumps(token)


@pytest.mark.parametrize(
    "answer",
    [
        f'{{"token": ["{TOKEN}"]}}',
        f'{{"token": "{TOKEN}\\n"}}'.replace("\\n", "\\u0007x"),
        f'"{TOKEN}"',
        TOKEN,
        f'{{"tokens": "{TOKEN}"}}',
        '{"token": ""}',
    ],
)
async def test_invalid_token_response_does_not_leak_the_token(answer: str) -> None:
    """A response with the token in the wrong place is a bad answer, and no part of the error contains the token."""
    with pytest.raises(BadAnswer) as caught:
        await granted(answer.encode())
    assert TOKEN not in everything_about(caught.value)


async def test_token_is_sent_as_bearer_without_a_key() -> None:
    """A token is sent as `Authorization: Bearer`, without an `X-API-Key` header."""
    with HostileServer(speech) as server:
        async with Transport(server.url, AccessToken(TOKEN), api_version="2025-04-16") as transport:
            await send(CartesiaClient.over(transport))
        headers = server.calls[0].headers
    assert headers["authorization"] == f"Bearer {TOKEN}"
    assert headers["cartesia-version"] == "2025-04-16"
    assert "x-api-key" not in headers


async def test_refusal_that_quotes_a_token_does_not_leak_it() -> None:
    """Tokens are masked in the text, attributes, causes and local variables of an error."""
    with HostileServer([error_reply(403, "Forbidden", f"{TOKEN} may not")]) as server:
        async with Transport(server.url, AccessToken(TOKEN), api_version="2024-11-13") as transport:
            with pytest.raises(CallError) as caught:
                await send(CartesiaClient.over(transport))
    assert isinstance(caught.value, Refused)
    assert "**** may not" in str(caught.value)
    assert TOKEN not in everything_about(caught.value)
    assert found_in(everything_about(caught.value)) == []
