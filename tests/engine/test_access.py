"""Access tokens cover the granted request families until they expire."""

import base64
import json
from typing import Any

import httpx
import numpy as np
import pytest

from tests.engine.requests import client, recognized, speech_body
from tests.engine.wav_files import wav_of
from voicemill.engine.access_tokens import Tokens
from voicemill.engine.app import create_app
from voicemill.engine.refusals import Refusal
from voicemill.engine.settings import EngineSettings

KEYS = frozenset({"sk_car_secret"})


async def token_from(app: Any, **body: Any) -> str:
    """A token that was created with the key."""
    async with client(app, key="sk_car_secret") as owner:
        response = await owner.post("/access-token", json=body)
    assert response.status_code == 200, response.text
    token: str = response.json()["token"]
    return token


def bearer(app: Any, token: str) -> httpx.AsyncClient:
    """A client with a token instead of a key."""
    api = client(app, key="")
    api.headers["Authorization"] = f"Bearer {token}"
    return api


@pytest.fixture
def app() -> Any:
    """An engine with a key; nothing here needs its workers."""
    return create_app(EngineSettings(workers=1, keys=KEYS, token_key="fixed"))


@pytest.mark.parametrize(
    ("grants", "tts", "stt"),
    [({"tts": True}, 400, 403), ({"stt": True}, 403, 400), ({"tts": True, "stt": True}, 400, 400), ({}, 403, 403)],
)
async def test_token_covers_the_granted_families(app: Any, grants: dict[str, bool], tts: int, stt: int) -> None:
    """A granted request reaches validation (400, because it is invalid); any other is a 403."""
    async with bearer(app, await token_from(app, grants=grants, expires_in=60)) as api:
        for path in ("/tts/bytes", "/tts/sse"):
            assert (await api.post(path, json={})).status_code == tts
        assert (await api.post("/stt", json={})).status_code == stt


KEY_ONLY = [
    ("GET", "/voices"),
    ("POST", "/voices"),
    ("DELETE", "/voices/x"),
    ("POST", "/access-token"),
    ("POST", "/infill/bytes"),
    ("POST", "/voice-changer/bytes"),
]


async def test_token_covers_neither_voices_nor_tokens(app: Any) -> None:
    """Both need the API key."""
    async with bearer(app, await token_from(app, grants={"tts": True, "stt": True})) as api:
        for method, path in KEY_ONLY:
            response = await api.request(method, path)
            assert response.status_code == 403
            assert "does not cover this request" in response.text


def test_token_expires() -> None:
    """It is valid until the last second, and the error then says that it has expired."""
    now = 1000.0
    tokens = Tokens("key", clock=lambda: now)
    token = tokens.token(["tts"], 60)
    now = 1059.9
    assert tokens.grants(token) == frozenset({"tts"})
    now = 1060.0
    with pytest.raises(Refusal, match="has expired") as refused:
        tokens.grants(token)
    assert refused.value.status == 401


def test_forged_token_is_refused() -> None:
    """Changed claims, another key, and a truncated or missing signature are a 401."""
    tokens = Tokens("key")
    header, claims, signature = tokens.token(["tts"], 60).split(".")
    more = json.loads(base64.urlsafe_b64decode(claims + "==")) | {"grants": ["stt", "tts"]}
    forged = base64.urlsafe_b64encode(json.dumps(more).encode()).rstrip(b"=").decode()
    for fake in (
        f"{header}.{forged}.{signature}",
        f"{header}.{claims}.{signature[:-2]}",
        f"{header}.{claims}.",
        Tokens("other key").token(["tts"], 60),
    ):
        with pytest.raises(Refusal, match="signature of this access token is invalid"):
            tokens.grants(fake)


def test_other_text_counts_as_a_key() -> None:
    """Text that is not a token of the engine is checked as a key."""
    tokens = Tokens(None)
    assert [tokens.grants(key) for key in ("sk_car_x", "a.b.c", "...", "e30.e30.e30", "\u00fc.\u00fc.\u00fc")] == [
        None
    ] * 5


async def test_tokens_of_a_configured_signing_key_survive_a_restart(app: Any) -> None:
    """Without a configured key, another engine rejects them."""
    token = await token_from(app, grants={"tts": True})
    for key, status in (("fixed", 400), (None, 401)):
        other = create_app(EngineSettings(workers=1, keys=KEYS, token_key=key))
        async with bearer(other, token) as api:
            assert (await api.post("/tts/bytes", json={})).status_code == status


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({"expires_in": 3601}, "expires_in"),
        ({"expires_in": 0}, "expires_in"),
        ({"grants": {"tts": "perhaps"}}, "grants.tts"),
    ],
)
async def test_invalid_request_is_a_400(app: Any, body: dict[str, Any], message: str) -> None:
    """The message names the field; the longest lifetime is an hour."""
    async with client(app, key="sk_car_secret") as owner:
        response = await owner.post("/access-token", json=body)
    assert response.status_code == 400
    assert message in response.text


def test_settings_do_not_show_secrets() -> None:
    """Their text has neither API keys nor the signing key."""
    assert "secret" not in repr(EngineSettings(keys=KEYS, token_key="secret"))


async def test_token_transcribes_and_speaks() -> None:
    """Requests with a token return audio and a transcript."""
    app = create_app(EngineSettings(workers=1, keys=KEYS))
    async with bearer(app, await token_from(app, grants={"tts": True, "stt": True})) as api:
        spoken = await api.post("/tts/bytes", json=speech_body("Hello."))
        assert spoken.status_code == 200
        status, _ = await recognized(api, wav_of(np.zeros(16000)))
        assert status == 200
    await app.state.engine.close()
