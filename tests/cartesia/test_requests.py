"""TTS requests have the format of the HTTP reference."""

from typing import Any, get_args

import pytest

from tests.cartesia.sending import CALL, KEY, cartesia, send
from tests.hostile_server import Call, HostileServer, Reply
from tests.hostile_speech import SARAH, Speaker, speech
from voicemill.model import Speed
from voicemill.model.audio_formats import BIT_RATES_BPS, SAMPLE_RATES_HZ, AudioFormat, Encoding


async def request_of(**fields: Any) -> Call:
    """The request that `tts.bytes` sends."""
    parameters: dict[str, Any] = {"model_id": "sonic-2", "transcript": "Hello.", "voice_id": SARAH}
    parameters |= {"output_format": AudioFormat("wav", 24000, "pcm_s16le")} | fields
    with HostileServer([Reply(200, (), b"any body")]) as server:
        async with cartesia(server.url) as service:
            await service.tts.bytes(**parameters)
        return server.calls[0]


async def test_request_headers_are_the_documented_ones() -> None:
    """Key, version, type and length are sent, and nothing that identifies a browser or session."""
    call = await request_of()
    port = call.headers.pop("host").partition(":")[2]
    assert port.isdigit()
    assert call.headers == {
        "x-api-key": KEY,
        "cartesia-version": "2024-11-13",
        "accept": "*/*",
        "accept-encoding": "identity",
        "user-agent": "voicemill",
        "content-type": "application/json",
        "content-length": str(len(call.body)),
    }


async def test_request_body_is_the_documented_one() -> None:
    """A minimal request has the required fields only."""
    call = await request_of(language="en")
    assert (call.method, call.path) == ("POST", "/tts/bytes")
    assert call.json_body == {
        "model_id": "sonic-2",
        "transcript": "Hello.",
        "voice": {"mode": "id", "id": SARAH},
        "language": "en",
        "output_format": {"container": "wav", "sample_rate": 24000, "encoding": "pcm_s16le"},
    }


async def test_missing_language_is_not_sent() -> None:
    """Without a language the field is not sent."""
    assert "language" not in (await request_of()).json_body


@pytest.mark.parametrize(
    "transcript", ["Grüße aus Zürich", "日本語のテキスト", 'quote " and \\', "👩‍👩‍👧", "a\nb\tc", "\u2028"]
)
async def test_any_text_is_sent_unchanged(transcript: str) -> None:
    """Text of any script, with quotes, escapes and line ends, is received unchanged."""
    assert (await request_of(transcript=transcript)).transcript == transcript


@pytest.mark.parametrize(
    ("model", "speed", "emotion", "expected"),
    [
        ("sonic-2", None, (), {}),
        ("sonic-2", "slow", (), {"speed": "slow"}),
        ("sonic-turbo", "fast", (), {"speed": "fast"}),
        ("sonic-3", "normal", (), {"speed": "normal"}),
        ("sonic-3", 0.8, (), {"generation_config": {"speed": 0.8}}),
        ("sonic-3", None, ("calm",), {"generation_config": {"emotion": "calm"}}),
        ("sonic-3-2026-01-12", 1.5, ("angry",), {"generation_config": {"speed": 1.5, "emotion": "angry"}}),
        ("sonic-3.5", None, ("calm",), {"generation_config": {"emotion": "calm"}}),
        ("sonic-latest", 0.6, (), {"generation_config": {"speed": 0.6}}),
    ],
)
async def test_speed_and_emotion_are_sent_where_the_model_reads_them(
    model: str, speed: Speed | None, emotion: tuple[str, ...], expected: dict[str, Any]
) -> None:
    """Speed names are a separate field; factors and emotions of sonic-3 are in `generation_config`."""
    sent = (await request_of(model_id=model, speed=speed, emotion=emotion)).json_body
    delivery = {name: sent[name] for name in ("speed", "generation_config") if name in sent}
    assert delivery == expected
    assert sent["voice"] == {"mode": "id", "id": SARAH}


async def test_emotions_of_older_models_are_experimental_controls() -> None:
    """Before sonic-3, emotions are a list within the voice."""
    sent = (await request_of(emotion=("positivity:high", "curiosity"))).json_body
    assert sent["voice"]["__experimental_controls"] == {"emotion": ["positivity:high", "curiosity"]}
    assert "generation_config" not in sent


@pytest.mark.parametrize(
    ("field", "value", "expected"),
    [
        ("volume", 0.5, {"generation_config": {"volume": 0.5}}),
        ("duration_s", 2.5, {"duration": 2.5}),
        ("pronunciation_dict_id", "d", {"pronunciation_dict_id": "d"}),
        ("save", True, {"save": True}),
        ("save", False, {"save": False}),
    ],
)
async def test_optional_fields_are_sent(field: str, value: object, expected: dict[str, Any]) -> None:
    """Given values are sent, including zero and False."""
    plain, sent = (await request_of()).json_body, (await request_of(**{field: value})).json_body
    assert sent == plain | expected


@pytest.mark.parametrize("speed", [-0.5, 0, "fastest"])
async def test_experimental_speed_is_part_of_the_voice(speed: object) -> None:
    """Normal speed, which is 0, is sent too."""
    sent = (await request_of(experimental_speed=speed)).json_body
    assert sent["voice"] == {"mode": "id", "id": SARAH, "__experimental_controls": {"speed": speed}}


async def test_voice_can_be_an_embedding() -> None:
    """An embedding is sent in place of an id."""
    sent = (await request_of(voice_id=None, voice_embedding=(0.5, -1.0))).json_body
    assert sent["voice"] == {"mode": "embedding", "embedding": [0.5, -1.0]}


@pytest.mark.parametrize("voice", [{"voice_id": None}, {"voice_id": "v", "voice_embedding": [0.5]}], ids=str)
async def test_request_needs_exactly_one_voice(voice: dict[str, Any]) -> None:
    """No voice or two raise an error, and nothing is sent."""
    with pytest.raises(ValueError, match="one of voice_id and voice_embedding"):
        await request_of(**voice)


@pytest.mark.parametrize(
    "wanted",
    [
        *(AudioFormat("raw", rate, encoding) for rate in SAMPLE_RATES_HZ[:2] for encoding in get_args(Encoding)),
        *(AudioFormat("mp3", rate, bit_rate_bps=BIT_RATES_BPS[0]) for rate in SAMPLE_RATES_HZ[-2:]),
    ],
    ids=str,
)
async def test_each_format_has_its_own_fields(wanted: AudioFormat) -> None:
    """mp3 has a bit rate and no encoding, raw has an encoding and no bit rate."""
    sent = (await request_of(output_format=wanted)).json_body["output_format"]
    own = {"encoding": wanted.encoding} if wanted.encoding else {"bit_rate": wanted.bit_rate_bps}
    assert sent == {"container": wanted.container, "sample_rate": wanted.sample_rate_hz, **own}


async def test_base_url_can_have_a_path() -> None:
    """The path of a gateway precedes that of the method."""
    with HostileServer(speech) as server:
        async with cartesia(f"{server.url}/gateway/v1/") as service:
            await send(service)
        assert server.calls[0].path == "/gateway/v1/tts/bytes"


async def test_api_status_returns_the_version() -> None:
    """`api_status.get` requests the root and returns status and version."""
    with HostileServer(Speaker()) as server:
        async with cartesia(server.url) as service:
            info = await service.api_status.get()
        assert (info.ok, info.version) == (True, "2024-11-13")
        assert (server.calls[0].method, server.calls[0].path) == ("GET", "/")
        assert "content-type" not in server.calls[0].headers


async def test_reply_has_the_request_id() -> None:
    """The request id of the service is kept for support requests."""
    with HostileServer(speech) as server:
        async with cartesia(server.url) as service:
            assert (await send(service, CALL)).request_id == "request-1"


async def test_proxies_of_the_environment_are_ignored(monkeypatch: pytest.MonkeyPatch) -> None:
    """A proxy in the environment never receives a request."""
    with HostileServer(speech) as proxy, HostileServer(speech) as server:
        for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
            monkeypatch.setenv(name, proxy.url)
        async with cartesia(server.url) as service:
            await send(service)
        assert (len(server.calls), len(proxy.calls)) == (1, 0)
