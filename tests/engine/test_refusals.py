"""Bad requests: the status, a message that says what to do, in the shape of the API version."""

import asyncio
import uuid
from typing import Any

import httpx
import pytest

from tests.engine.requests import SARAH, client, speech, speech_body
from voicemill.engine.app import create_app
from voicemill.engine.settings import EngineSettings

UNKNOWN = "00000000-0000-4000-8000-000000000000"


def without(field: str) -> dict[str, Any]:
    """A request body without one field."""
    return {name: value for name, value in speech_body().items() if name != field}


def formatted(**fields: Any) -> dict[str, Any]:
    """A request body with an output format."""
    return speech_body(output_format=fields)


BAD = [
    (without("model_id"), "model_id: Field required"),
    (without("transcript"), "transcript: Field required"),
    (without("voice"), "voice: Field required"),
    (without("output_format"), "output_format: Field required"),
    (speech_body() | {"model_id": "gpt-9"}, "Unknown model 'gpt-9'"),
    (speech_body(""), "transcript must not be empty"),
    (speech_body(" \n\t"), "transcript must not be empty"),
    (speech_body("... !? — «»"), "punctuation only"),
    (speech_body("a" * 20_001), "at most 20000 can be spoken at once. Split it."),
    (speech_body(voice=UNKNOWN), f"There is no voice '{UNKNOWN}'"),
    (speech_body(voice={"mode": "id"}), "voice.id is missing"),
    (speech_body(voice={"mode": "song", "id": SARAH}), "voice.mode"),
    (speech_body(language="tlh"), "language is 'tlh', but must be one of en, fr"),
    (speech_body(speed="hurried"), "speed: Input should be 'slow', 'normal' or 'fast'"),
    (speech_body(duration=0), "duration: Input should be greater than 0"),
    (speech_body(generation_config={"speed": 2}), "generation_config.speed"),
    (speech_body(generation_config={"volume": 0.1}), "generation_config.volume"),
    (speech_body(generation_config={"emotion": "hangry"}), "emotion is 'hangry', but must be one of neutral, anger"),
    (speech_body(voice={"id": SARAH, "__experimental_controls": {"emotion": ["anger:medium"]}}), ":lowest, :low"),
    (speech_body(voice={"id": SARAH, "__experimental_controls": {"speed": 3}}), "speed"),
    (formatted(container="flac", sample_rate=8000), "output_format.container"),
    (formatted(container="wav", encoding="pcm_s16le"), "output_format.sample_rate: Field required"),
    (formatted(container="wav", sample_rate=8000), "output_format.encoding is None, but must be one of pcm_f32le"),
    (formatted(container="wav", sample_rate=11025, encoding="pcm_s16le"), "sample_rate is 11025, but must be one of"),
    (formatted(container="raw", sample_rate=8000, encoding="pcm_s24le"), "encoding is 'pcm_s24le'"),
    (formatted(container="mp3", sample_rate=44100, bit_rate=1), "bit_rate is 1, but must be one of 32000"),
]


@pytest.mark.parametrize(("body", "message"), BAD, ids=[message for _, message in BAD])
async def test_invalid_request_is_a_400_that_names_the_field(
    api: httpx.AsyncClient, body: dict[str, Any], message: str
) -> None:
    """The plain text names the field and its choices."""
    response = await api.post("/tts/bytes", json=body)
    assert response.status_code == 400
    assert response.text.startswith("Bad request: ")
    assert message in response.text


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'"text"', b"\xff\xfe", b'{"transcript": "\\ud800"}'])
async def test_invalid_json_is_a_400(api: httpx.AsyncClient, body: bytes) -> None:
    """Broken JSON is an error of the client."""
    response = await api.post("/tts/bytes", content=body)
    assert response.status_code == 400


async def test_text_in_another_script_is_spoken_or_refused(api: httpx.AsyncClient) -> None:
    """Text that produces no sound is a 400 with the reason, never silence."""
    for text in ("\u2800\u2801 ᚠᚢᚦ", "ꙮꙮꙮ", "𓀀𓀁𓀂"):
        response = await api.post("/tts/bytes", json=speech_body(text))
        assert response.status_code in (200, 400)
        if response.status_code == 400:
            assert "spoken" in response.text or "punctuation" in response.text
        else:
            assert any(response.content[44:])


async def test_body_over_the_limit_is_refused(api: httpx.AsyncClient) -> None:
    """JSON of more than a megabyte is a 413."""
    response = await api.post("/tts/bytes", content=b" " * (1 << 21))
    assert response.status_code == 413
    assert "larger than 1048576 bytes" in response.text


@pytest.mark.parametrize("version", ["2024-06-10", "2024-11-13", "2025-04-16", "2025-11-04"])
async def test_errors_are_plain_text_before_march_2026(engine_app: Any, version: str) -> None:
    """The body is `Title: Message`."""
    async with client(engine_app, version=version) as api:
        response = await api.get(f"/voices/{UNKNOWN}")
    assert response.status_code == 404
    assert response.headers["content-type"].startswith("text/plain")
    assert response.text == f"Not found: There is no voice '{UNKNOWN}'; GET /voices lists them."


@pytest.mark.parametrize("version", ["2026-03-01", "2026-08-14"])
async def test_errors_are_json_from_march_2026_on(engine_app: Any, version: str) -> None:
    """Code, title, message, and the request id of the header."""
    async with client(engine_app, version=version) as api:
        response = await api.get(f"/voices/{UNKNOWN}")
    assert response.status_code == 404
    assert response.json() == {
        "error_code": "voice_not_found",
        "title": "Not found",
        "message": f"There is no voice '{UNKNOWN}'; GET /voices lists them.",
        "request_id": response.headers["x-request-id"],
    }


async def test_every_response_has_a_request_id(api: httpx.AsyncClient) -> None:
    """Successes and errors have a UUID."""
    responses = [await api.get(path) for path in ("/", "/voices", "/voices/x", "/no/such/path")]
    ids = {str(uuid.UUID(response.headers["x-request-id"])) for response in responses}
    assert len(ids) == 4


@pytest.mark.parametrize(("method", "path", "status"), [("GET", "/song", 404), ("GET", "/tts/bytes", 405)])
async def test_unknown_path_or_method_is_an_error_in_the_usual_form(
    api: httpx.AsyncClient, method: str, path: str, status: int
) -> None:
    """A 404 or 405 with title and message."""
    response = await api.request(method, path)
    assert response.status_code == status
    assert response.text.endswith(f"{method} {path} is not part of this API.")


async def test_no_key_is_a_401_and_the_status_needs_none(engine_app: Any) -> None:
    """Only `GET /` needs no key."""
    async with client(engine_app, key="") as api:
        refused = [await api.get("/voices"), await api.post("/tts/bytes", json=speech_body())]
        assert [response.status_code for response in refused] == [401, 401]
        assert "X-API-Key" in refused[0].text
        assert (await api.get("/")).json() == {"ok": True, "version": "2026-08-14"}


@pytest.mark.parametrize(
    "header", [{"X-API-Key": "right"}, {"Authorization": "Bearer right"}, {"authorization": "bearer right"}]
)
async def test_only_configured_keys_are_accepted(header: dict[str, str]) -> None:
    """Both headers are accepted, and another key is a 401."""
    app = create_app(EngineSettings(workers=1, keys=frozenset({"right"})))
    async with client(app, key="") as api:
        assert (await api.get("/voices", headers=header)).status_code == 200
        wrong = {name: value.replace("right", "wrong") for name, value in header.items()}
        assert (await api.get("/voices", headers=wrong)).status_code == 401
    await app.state.engine.close()


async def test_over_a_concurrency_limit_is_a_429_and_without_one_requests_wait() -> None:
    """With a limit of two, two of five concurrent requests succeed; without, one worker serves all five."""
    for limit, good in ((2, 2), (None, 5)):
        app = create_app(EngineSettings(workers=1, tts_concurrency=limit))
        async with client(app, version="2026-03-01") as api:
            replies = await asyncio.gather(*(api.post("/tts/bytes", json=speech_body()) for _ in range(5)))
            refused = [reply for reply in replies if reply.status_code != 200]
            assert len(replies) - len(refused) == good
            assert all(reply.status_code == 429 for reply in refused)
            assert all(reply.json()["error_code"] == "concurrency_limited" for reply in refused)
            assert await speech(api)
        await app.state.engine.close()
