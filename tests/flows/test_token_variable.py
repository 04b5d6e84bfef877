"""`CARTESIA_ACCESS_TOKEN` as an alternative to `CARTESIA_API_KEY`, and equally secret."""

from pathlib import Path

import pytest

from benchmarks.engine_server import served_engine
from tests.flows.commands import InThisProcess
from tests.hostile_speech import SARAH
from voicemill.audio.wav_header import probe_wav
from voicemill.config import AccessToken, ApiKey

KEY = "sk_car_of_the_engine"


def test_token_permits_what_it_was_granted(
    capfd: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With a TTS token the engine generates speech but refuses to list voices, and the token is never printed."""
    voicemill = InThisProcess(capfd)
    with served_engine(tmp_path / "engine", keys=KEY) as engine:
        monkeypatch.setenv("CARTESIA_BASE_URL", engine.url)
        monkeypatch.setenv("CARTESIA_API_KEY", KEY)
        token = voicemill("token", "--tts").stdout.strip()
        monkeypatch.delenv("CARTESIA_API_KEY")
        monkeypatch.setenv("CARTESIA_ACCESS_TOKEN", token)
        spoken = voicemill("say", "Good morning.", "--voice", SARAH)
        refused = voicemill("say", "Good morning.", "--voice", "Sarah")
        monkeypatch.setenv("CARTESIA_ACCESS_TOKEN", f"{token}x")
        wrong = voicemill("say", "Good morning.", "--voice", SARAH)
    assert spoken.code == 0, spoken.stderr
    assert probe_wav(Path("speech.wav").read_bytes()).duration_s > 0.5
    assert (refused.code, wrong.code) == (3, 4)
    assert "does not cover" in refused.stderr
    assert "the age of CARTESIA_ACCESS_TOKEN" in wrong.stderr
    assert all(token not in result.stdout + result.stderr for result in (spoken, refused, wrong))


def test_key_takes_precedence_over_token(monkeypatch: pytest.MonkeyPatch) -> None:
    """The key takes precedence, a blank variable counts as unset, and a token's repr is masked."""
    monkeypatch.setenv("CARTESIA_API_KEY", KEY)
    monkeypatch.setenv("CARTESIA_ACCESS_TOKEN", "a.b.c")
    assert type(ApiKey.from_environment()) is ApiKey
    monkeypatch.setenv("CARTESIA_API_KEY", "  ")
    token = ApiKey.from_environment()
    assert type(token) is AccessToken
    assert (token.reveal(), repr(token)) == ("a.b.c", "AccessToken(****)")
    monkeypatch.delenv("CARTESIA_ACCESS_TOKEN")
    assert ApiKey.from_environment() is None
