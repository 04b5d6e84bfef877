"""`CARTESIA_ACCESS_TOKEN` stands in for `CARTESIA_API_KEY`, and is as secret."""

from pathlib import Path

import pytest

from benchmarks.engine_server import served_engine
from tests.flows.commands import InThisProcess
from tests.hostile_speech import SARAH
from voicemill.audio.wav_header import probe_wav
from voicemill.config import AccessToken, ApiKey

KEY = "sk_car_of_the_house"


def test_a_token_opens_what_it_was_granted(
    capfd: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A served engine speaks to its token, refuses it the list of voices, and no word of it is printed."""
    ask = InThisProcess(capfd)
    with served_engine(tmp_path / "engine", keys=KEY) as engine:
        monkeypatch.setenv("CARTESIA_BASE_URL", engine.url)
        monkeypatch.setenv("CARTESIA_API_KEY", KEY)
        token = ask("token", "--tts").stdout.strip()
        monkeypatch.delenv("CARTESIA_API_KEY")
        monkeypatch.setenv("CARTESIA_ACCESS_TOKEN", token)
        spoken = ask("say", "Good morning.", "--voice", SARAH)
        refused = ask("say", "Good morning.", "--voice", "Sarah")
        monkeypatch.setenv("CARTESIA_ACCESS_TOKEN", f"{token}x")
        wrong = ask("say", "Good morning.", "--voice", SARAH)
    assert spoken.code == 0, spoken.stderr
    assert probe_wav(Path("speech.wav").read_bytes()).duration_s > 0.5
    assert (refused.code, wrong.code) == (3, 4)
    assert "was not granted" in refused.stderr
    assert "the age of CARTESIA_ACCESS_TOKEN" in wrong.stderr
    assert all(token not in ended.stdout + ended.stderr for ended in (spoken, refused, wrong))


def test_the_key_goes_first(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of both the key is taken, a token alone is one, prints masked, and blanks count as unset."""
    monkeypatch.setenv("CARTESIA_API_KEY", KEY)
    monkeypatch.setenv("CARTESIA_ACCESS_TOKEN", "a.b.c")
    assert type(ApiKey.from_environment()) is ApiKey
    monkeypatch.setenv("CARTESIA_API_KEY", "  ")
    token = ApiKey.from_environment()
    assert type(token) is AccessToken
    assert (token.reveal(), repr(token)) == ("a.b.c", "AccessToken(****)")
    monkeypatch.delenv("CARTESIA_ACCESS_TOKEN")
    assert ApiKey.from_environment() is None
