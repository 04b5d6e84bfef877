"""The public client, `voicemill.client.Cartesia`."""

import logging
import pickle
from pathlib import Path

import pytest

from tests.cartesia.sending import KEY
from tests.hostile_server import HostileServer, Reply
from voicemill.audio.wav_header import probe_wav
from voicemill.client import Cartesia
from voicemill.config import AccessToken, ApiKey
from voicemill.errors import AuthRefused, ConfigError, Refused
from voicemill.model.audio_formats import AudioFormat

WAV = AudioFormat("wav", 24000, "pcm_s16le")
STATUS = Reply(200, (), b'{"ok": true, "version": "1"}')


async def test_client_without_key_uses_the_embedded_engine(tmp_path: Path) -> None:
    """Without a key the client lists voices and generates speech in process."""
    async with Cartesia() as client:
        assert (await client.api_status.get()).ok
        voices = [voice async for voice in client.voices.list(language="en")]
        reply = await client.tts.bytes(
            model_id="sonic-2", transcript="Good morning.", voice_id=voices[0].id, output_format=WAV
        )
    reply.write_to_file(tmp_path / "morning.wav")
    assert probe_wav((tmp_path / "morning.wav").read_bytes()).duration_s > 0.3


@pytest.mark.parametrize("key", [KEY, ApiKey(KEY)], ids=["text", "ApiKey"])
async def test_client_sends_the_given_key_to_the_given_address(key: str | ApiKey) -> None:
    """A key given to the constructor is sent as `X-API-Key` to the base URL."""
    with HostileServer([STATUS]) as server:
        async with Cartesia(key, base_url=server.url) as client:
            assert (await client.api_status.get()).version == "1"
    assert server.calls[0].headers["x-api-key"] == KEY


async def test_client_reads_key_and_address_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """`CARTESIA_API_KEY` and `CARTESIA_BASE_URL` apply where nothing is given."""
    with HostileServer([STATUS]) as server:
        monkeypatch.setenv("CARTESIA_API_KEY", KEY)
        monkeypatch.setenv("CARTESIA_BASE_URL", server.url)
        async with Cartesia() as client:
            await client.api_status.get()
    assert server.calls[0].headers["x-api-key"] == KEY


async def test_access_token_is_sent_as_bearer_token() -> None:
    """An access token takes the place of a key."""
    with HostileServer([STATUS]) as server:
        async with Cartesia(AccessToken("a.b.c"), base_url=server.url) as client:
            await client.api_status.get()
    assert server.calls[0].headers["authorization"] == "Bearer a.b.c"


async def test_failed_request_raises_a_call_error_without_retry() -> None:
    """Each method sends one request; its failure is an error of the error tree."""
    with HostileServer([Reply(400, (), b"Bad request: no")]) as server:
        async with Cartesia(KEY, base_url=server.url) as client:
            with pytest.raises(Refused) as caught:
                await client.api_status.get()
    assert (caught.value.status, len(server.calls)) == (400, 1)


async def test_closed_client_says_how_to_open_it() -> None:
    """Before it is opened and after it is closed, a client raises an error with the remedy."""
    client = Cartesia()
    with pytest.raises(RuntimeError, match="async with"):
        _ = client.tts
    await client.open()
    assert client.tts is (await client.open()).tts
    await client.close()
    await client.close()
    with pytest.raises(RuntimeError, match="async with"):
        _ = client.voices


@pytest.mark.parametrize(
    ("options", "why"),
    [
        ({"api_key": ""}, "CARTESIA_API_KEY"),
        ({"timeout_s": 0.0}, "attempt_deadline_s"),
        ({"max_body_bytes": 1}, "max_body_bytes"),
    ],
    ids=lambda value: str(value),
)
def test_invalid_options_are_config_errors(options: dict[str, str | float], why: str) -> None:
    """The constructor names the option that is invalid."""
    with pytest.raises(ConfigError, match=why):
        Cartesia(**options)  # type: ignore[arg-type]


async def test_key_is_not_sent_over_plain_http_to_another_machine() -> None:
    """A base URL that is not `https` is refused when the client is opened."""
    with pytest.raises(ConfigError, match="https"):
        await Cartesia(KEY, base_url="http://cartesia.invalid").open()


async def test_key_is_masked_and_cannot_be_pickled(caplog: pytest.LogCaptureFixture) -> None:
    """The key is in no text of the client, in no log line, and in no pickle."""
    caplog.set_level(logging.DEBUG)
    with HostileServer([Reply(401, (), f"the key {KEY} is unknown".encode())]) as server:
        async with Cartesia(KEY, base_url=server.url) as client:
            with pytest.raises(AuthRefused) as caught:
                await client.api_status.get()
            shown = f"{client} {client!r} {vars(client)} {caught.value}"
    assert repr(client) == "Cartesia(api_key=****, host='127.0.0.1')"
    assert KEY not in shown + caplog.text
    with pytest.raises(TypeError, match="cannot be pickled"):
        pickle.dumps(client)
