"""Access tokens: they open what was granted, for as long as was asked, and nothing else."""

import base64
import json
from typing import Any

import httpx
import numpy as np
import pytest

from tests.engine.requests import client, recognized, speech_body
from tests.engine.test_recognition import wav_of
from voicemill.engine.access_tokens import Tokens
from voicemill.engine.app import create_app
from voicemill.engine.refusals import Refusal
from voicemill.engine.settings import EngineSettings

KEYS = frozenset({"sk_car_secret"})


async def token_from(app: Any, **body: Any) -> str:
    """A token that the key asked for."""
    async with client(app, key="sk_car_secret") as owner:
        response = await owner.post("/access-token", json=body)
    assert response.status_code == 200, response.text
    token: str = response.json()["token"]
    return token


def bearer(app: Any, token: str) -> httpx.AsyncClient:
    """A client that has a token only."""
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
async def test_a_token_opens_what_was_granted(app: Any, grants: dict[str, bool], tts: int, stt: int) -> None:
    """A 400 is past the door (the question is bad on purpose), a 403 is not."""
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


async def test_a_token_opens_no_voices_and_makes_no_tokens(app: Any) -> None:
    """Those need the key."""
    async with bearer(app, await token_from(app, grants={"tts": True, "stt": True})) as api:
        for method, path in KEY_ONLY:
            response = await api.request(method, path)
            assert response.status_code == 403
            assert "does not cover this request" in response.text


def test_a_token_expires() -> None:
    """To the second, and says so."""
    now = 1000.0
    tokens = Tokens("key", clock=lambda: now)
    token = tokens.token(["tts"], 60)
    now = 1059.9
    assert tokens.grants(token) == frozenset({"tts"})
    now = 1060.0
    with pytest.raises(Refusal, match="has expired") as refused:
        tokens.grants(token)
    assert refused.value.status == 401


def test_a_forged_token_is_refused() -> None:
    """Other claims, another key, a cut signature, no signature."""
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


def test_what_is_no_token_is_taken_for_a_key() -> None:
    """Keys may look like anything."""
    tokens = Tokens(None)
    assert [tokens.grants(key) for key in ("sk_car_x", "a.b.c", "...", "e30.e30.e30", "\u00fc.\u00fc.\u00fc")] == [
        None
    ] * 5


async def test_a_signing_key_that_is_set_outlives_the_engine(app: Any) -> None:
    """Without one, tokens of one engine mean nothing to another."""
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
async def test_bad_questions(app: Any, body: dict[str, Any], message: str) -> None:
    """A 400 that names the field; an hour is the longest."""
    async with client(app, key="sk_car_secret") as owner:
        response = await owner.post("/access-token", json=body)
    assert response.status_code == 400
    assert message in response.text


def test_settings_do_not_show_secrets() -> None:
    """Neither keys nor the signing key are in their text."""
    assert "secret" not in repr(EngineSettings(keys=KEYS, token_key="secret"))


async def test_a_token_hears_and_speaks() -> None:
    """All the way to an answer."""
    app = create_app(EngineSettings(workers=1, keys=KEYS))
    async with bearer(app, await token_from(app, grants={"tts": True, "stt": True})) as api:
        spoken = await api.post("/tts/bytes", json=speech_body("Hello."))
        assert spoken.status_code == 200
        status, _ = await recognized(api, wav_of(np.zeros(16000)))
        assert status == 200
    await app.state.engine.close()
