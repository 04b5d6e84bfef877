"""`say`, `transcribe`, `token` and the `voices` commands, with the embedded engine and with an API key."""

import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.flows.commands import InThisProcess, run_process
from tests.flows.speech_service import SpeechService
from tests.hostile_server import HostileServer, Reply
from tests.hostile_speech import SARAH, error_reply
from voicemill.audio.wav_header import probe_wav


@pytest.fixture
def quick(capfd: pytest.CaptureFixture[str]) -> InThisProcess:
    """The command without a Prefect server."""
    return InThisProcess(capfd)


@pytest.fixture(autouse=True)
def _own_data(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """The engine keeps own voices where no test will find them."""
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path_factory.mktemp("data")))


@pytest.fixture
def answering(monkeypatch: pytest.MonkeyPatch) -> Iterator[HostileServer]:
    """A service that a key opens, which says one thing to everything; set `script` before asking."""
    with HostileServer([Reply(200, (), b"{}")]) as server:
        monkeypatch.setenv("CARTESIA_BASE_URL", server.url)
        monkeypatch.setenv("CARTESIA_API_KEY", "sk_car_first")
        yield server


def test_what_is_said_is_heard(quick: InThisProcess) -> None:
    """A first try without key, manifest or Prefect: text to a file, and the file to text again."""
    spoken = quick("say", "The boat is on the river.")
    assert (spoken.code, spoken.stdout) == (0, "speech.wav: Sarah, 1.5 s\n")
    assert spoken.stderr.startswith(
        "CARTESIA_API_KEY is not set: using the embedded engine, offline and free of charge."
    )
    assert probe_wav(Path("speech.wav").read_bytes()).sample_rate_hz == 44100
    heard = quick("transcribe", "speech.wav")
    assert (heard.code, heard.stdout.count("\n")) == (0, 1)
    assert "river" in heard.stdout
    told = quick("transcribe", "speech.wav", "--json")
    assert told.stderr == ""
    assert told.json["text"] == heard.stdout.strip() == " ".join(word["word"] for word in told.json["words"])
    assert 0 <= told.json["words"][0]["start_s"] < told.json["words"][0]["end_s"] < told.json["duration_s"]


def test_say_with_a_key(quick: InThisProcess, service: SpeechService) -> None:
    """A voice by name, a model and a language are sent, and JSON tells what came of it; earlier files stay."""
    Path("speech.wav").write_bytes(b"mine")
    told = quick("say", "Bonjour.", "--voice", "amélie", "--language", "fr", "--model", "sonic-3", "--json").json
    assert (told["file"], told["voice"], told["characters"]) == ("speech-2.wav", "Amélie", 8)
    assert told["duration_s"] == pytest.approx(probe_wav(Path("speech-2.wav").read_bytes()).duration_s, abs=0.01)
    question = next(call.json_body for call in service.server.calls if call.path == "/tts/bytes")
    assert (question["transcript"], question["language"], question["model_id"]) == ("Bonjour.", "fr", "sonic-3")
    assert Path("speech.wav").read_bytes() == b"mine"


def test_say_tries_again(quick: InThisProcess, service: SpeechService, fast_retries: Path) -> None:
    """A failure that may pass is tried again, one that will not ends with its reason and exit code."""
    service.replies["Once."] = lambda call: (
        error_reply(503, "Busy", "Later") if call.number < 3 else service.speaker(call)
    )
    assert quick("say", "Once.", "--profile", fast_retries).code == 0
    for status, code in ((400, 3), (401, 4), (402, 4), (500, 1)):
        service.replies["No."] = error_reply(status, "No", "Not this")
        ended = quick("say", "No.", "--profile", fast_retries)
        assert ended.code == code
        assert "Not this" in ended.stderr.splitlines()[-1]


@pytest.mark.parametrize("name", ["a.mp3", "a.pcm"])
def test_say_in_other_containers(quick: InThisProcess, name: str) -> None:
    """The file's ending decides what is in it."""
    assert quick("say", "Hello.", "-o", name).code == 0
    assert (Path(name).read_bytes()[:1] == b"\xff") is name.endswith("mp3")


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (["say", "x", "-o", "a.ogg"], "use .wav, .mp3 or .pcm"),
        (["say", "x", "-o", "no/such/folder/a.wav"], "no such folder: no/such/folder"),
        (["say", "x", "--voice", "Sahra"], "did you mean 'Sarah'"),
        (["transcribe", "missing.wav"], "does not exist"),
        (["token", "--expires-in", "3601"], "3600"),
        (["voices", "update", "Sarah"], "give --name, --description or --gender"),
        (["voices", "create", "New"], "give --embedding or --base"),
        (["voices", "mix", "Sarah=much"], "give a voice and a number"),
        (["voices", "get", "Nobody"], "there is no voice 'Nobody'"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else None,
)
def test_mistakes_are_told_with_their_remedy(quick: InThisProcess, arguments: list[str], why: str) -> None:
    """Exit code 2, the reason, and nothing made."""
    ended = quick(*arguments)
    assert ended.code == 2
    assert why in re.sub(r"\s+", " ", ended.stderr)
    assert list(Path.cwd().iterdir()) == []


def test_the_text_may_come_from_standard_input(quick: InThisProcess, monkeypatch: pytest.MonkeyPatch) -> None:
    """`say -` reads what it says."""
    Path("text").write_text("From a file.")
    with Path("text").open() as text:
        monkeypatch.setattr(sys, "stdin", text)
        assert quick("say", "-", "--json").json["characters"] == 12


def test_a_token_is_printed_and_nothing_else(quick: InThisProcess, answering: HostileServer) -> None:
    """The token alone on one line, for a script; JSON adds what it opens and for how long."""
    answering.script = [Reply(200, (), b'{"token": "a.b.c"}')]
    ended = quick("token", "--stt", "--expires-in", "60")
    assert (ended.code, ended.stdout, ended.stderr) == (0, "a.b.c\n", "")
    assert answering.calls[-1].json_body == {"grants": {"stt": True}, "expires_in": 60}
    assert quick("token", "--json").json == {"token": "a.b.c", "grants": ["tts", "stt"], "expires_in_s": 600}


def test_a_token_of_the_embedded_engine(quick: InThisProcess) -> None:
    """Without a key the embedded engine signs one."""
    assert re.fullmatch(r"[\w-]+\.[\w-]+\.[\w-]+\n", quick("token", "--tts").stdout)


def made(quick: InThisProcess, *arguments: str | Path) -> Any:
    """The voice that a verb of `voices` shows, or the voices that it lists."""
    ended = quick("voices", *arguments, "--json")
    assert ended.code == 0, ended.stderr
    return ended.json


def test_own_voices_are_kept_from_command_to_command(quick: InThisProcess) -> None:
    """Mixed, made, changed, localized, listed and removed: each verb by itself, the engine's store in between."""
    Path("mix.json").write_text(quick("voices", "mix", "Sarah=1", "James=3").stdout)
    half = made(quick, "create", "Half", "--embedding", "mix.json", "--description", "Of two")
    assert half["embedding"][:4] == json.loads(Path("mix.json").read_text())[:4]
    assert made(quick, "update", "Half", "--name", "Third")["description"] == "Of two"
    spanish = made(quick, "localize", "Third", "Tercera", "--language", "es", "--speaker", "female", "--dialect", "mx")
    assert (spanish["language"], spanish["gender"]) == ("es", "feminine")
    assert [voice["name"] for voice in made(quick, "list", "--own")] == ["Third", "Tercera"]
    assert made(quick, "get", half["id"])["name"] == "Third"
    assert "numbers (--json shows them)" in quick("voices", "get", "Third").stdout
    assert quick("say", "Hola.", "--voice", "Tercera", "-o", "hola.wav").code == 0
    for name in ("Third", "Tercera"):
        assert quick("voices", "delete", name).stdout.startswith(f"Deleted {name} (")
    assert made(quick, "list", "--own") == []
    assert {voice["language"] for voice in made(quick, "list", "--language", "de")} == {"de"}


def test_a_voice_is_cloned_from_a_file(quick: InThisProcess) -> None:
    """A recording becomes a voice of one's own."""
    assert quick("say", "This is how I speak, and I speak like this.", "-o", "me.wav").code == 0
    mine = made(quick, "clone", "me.wav", "Mine", "--mode", "stability", "--base", "Sarah")
    assert (mine["name"], mine["is_owner"]) == ("Mine", True)
    assert made(quick, "delete", "Mine") == {"deleted": mine["id"], "name": "Mine"}


def test_what_is_not_ones_own_stays(quick: InThisProcess) -> None:
    """A refusal has its reason and its exit code."""
    ended = quick("voices", "delete", SARAH)
    assert ended.code == 3
    assert "only your own voices" in ended.stderr


def test_making_a_voice_is_not_tried_twice(quick: InThisProcess, answering: HostileServer) -> None:
    """After a failure that may have made the voice, none is made again behind the user's back."""
    answering.script = lambda call: (
        error_reply(500, "Oops", "Broken") if call.method == "POST" else Reply(200, (), b"[]")
    )
    Path("embedding.json").write_text('{"embedding": [0.5]}')
    assert quick("voices", "create", "New", "--embedding", "embedding.json").code == 1
    assert [call.method for call in answering.calls] == ["POST"]


def test_no_prefect_is_imported() -> None:
    """A first try does not wait for Prefect."""
    ended = run_process("token", environment={"PYTHONPROFILEIMPORTTIME": "1"})
    assert ended.code == 0
    assert "voicemill.errors" in ended.stderr
    assert not re.search(r"\| +prefect\b", ended.stderr)
